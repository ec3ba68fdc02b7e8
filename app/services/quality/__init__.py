"""What the Quality screen tells: pace and forecast, checks of masks, outliers, a map of embeddings, agreement on blind repeats."""

"""Training SOLO: items, augmentation, batches, the loop and its checkpoints."""

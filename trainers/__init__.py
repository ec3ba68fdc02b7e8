"""Long work on folders of images: bulk proposals, training, evaluation. Usable without the app."""

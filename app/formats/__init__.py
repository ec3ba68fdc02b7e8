"""One file a format; each says what it cannot carry."""

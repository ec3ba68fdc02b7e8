"""Mask encodings, each named for what it is: pure functions between numpy masks and one format."""

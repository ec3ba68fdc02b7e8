"""Contrastive pre-training of a backbone on photographs alone (DenseCL)."""

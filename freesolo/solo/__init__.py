"""SOLO without labels (paper section 3.3): networks, targets, losses, inference and the proposer `solo`."""

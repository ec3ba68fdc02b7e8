"""Scoring a proposer against human masks, and the paper's tables to put its figures beside."""

"""The whole loop with a reviewer who knows the truth: what review and training are worth, measured without a person."""

"""How often a job is begun whose process is killed."""

MAX_ATTEMPTS = 4
"""A job that was killed is run again; killed so often before it got anywhere, it will not work."""

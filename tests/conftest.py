"""What all tests share."""

import os

from hypothesis import settings

# Where CI runs, the same examples each time: a push is judged by its change. Everywhere else they are drawn anew.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")

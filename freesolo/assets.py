"""Where the files are that come with the package; to know that, nothing heavy is loaded."""

from pathlib import Path


def shipped_weights() -> Path:
    """The network that comes with the package (`freesolo.shipped`)."""
    return Path(__file__).parents[1] / "assets" / "solo.safetensors"

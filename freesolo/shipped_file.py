"""Where the network that comes with the package lies. Apart from `freesolo.shipped`, which loads torch."""

from pathlib import Path


def shipped_weights() -> Path:
    """The file that comes with the package."""
    return Path(__file__).parents[1] / "assets" / "solo.safetensors"

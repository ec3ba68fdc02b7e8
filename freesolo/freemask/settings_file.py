"""Free Mask with settings of one's own, from a file: a preset's name and what differs from it."""

import json
from pathlib import Path

from freesolo.errors import ConfigError
from freesolo.freemask.free_mask import PRESETS, FreeMask
from freesolo.freemask.settings import GroupingSettings


def from_file(path: Path) -> FreeMask:
    """The proposer of a JSON file such as ``{"preset": "paper", "backbone": "efficientnet_lite0", "scales": [0.25]}``.

    Raises:
        ConfigError: it cannot be read, names no preset, or has a key that the preset's settings do not have.
    """
    try:
        values = json.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path} is not JSON ({error})") from error
    preset = values.pop("preset", None) if isinstance(values, dict) else None
    if preset not in PRESETS:
        raise ConfigError(f'{path} needs a "preset": {", ".join(PRESETS)}')
    if preset == "paper":
        from freesolo.freemask.paper import PaperSettings  # it needs torch

        return FreeMask(PaperSettings.from_dict(values))
    base = GroupingSettings.fast() if preset == "fast" else GroupingSettings()
    return FreeMask(GroupingSettings.from_dict(base.model_dump() | values))

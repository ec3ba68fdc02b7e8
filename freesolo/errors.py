"""What goes wrong in ``freesolo``, as one tree; every message says what, where and what to do.

FreeSoloError
├── ImageError            an image file that cannot be read as it is
├── CodecError            a mask encoding that does not describe a mask of its image
├── ConfigError           an unknown or invalid setting
└── WeightsError          weights that are missing, foreign or damaged
    └── DownloadError     weights that could not be fetched
"""


class FreeSoloError(Exception):
    """Base of all errors that this package raises on purpose; ``str(error)`` is fit for a person."""


class ImageError(FreeSoloError):
    """An image file cannot be read, or lies about itself."""


class CodecError(FreeSoloError, ValueError):
    """An encoded mask does not describe a mask of the stated size."""


class ConfigError(FreeSoloError, ValueError):
    """A setting is unknown or outside its range."""


class WeightsError(FreeSoloError):
    """A weights file is missing, damaged, or belongs to another network."""


class DownloadError(WeightsError):
    """Weights could not be fetched (offline, refused, wrong checksum)."""

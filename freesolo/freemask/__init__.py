"""Free Mask: masks from a pretrained backbone without any label (FreeSOLO, section 3.2, and better grouping on superpixels)."""

from freesolo.freemask.free_mask import FreeMask
from freesolo.freemask.settings import GroupingSettings

__all__ = ["FreeMask", "GroupingSettings"]

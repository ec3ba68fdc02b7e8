"""How steady a proposer is, measured without labels: an object stays one when the image is mirrored."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from freesolo.images import read_image
from freesolo.instances import Instances
from freesolo.proposers import Proposer

COMPARED = 10
"""The best masks of an image that are looked for in its mirror image."""


def flip_agreement(proposer: Proposer, paths: Sequence[Path]) -> float:
    """Mean IoU, in [0, 1], of the best masks of each image with their best match in the mirrored image, mirrored back.

    Each of the `COMPARED` best masks is matched with the `COMPARED` best of the other; images without masks count as 0.

    Args:
        proposer: what is measured.
        paths: at least one image.

    Raises:
        ImageError: an image cannot be read.
    """
    return float(np.mean([_of_image(proposer, path) for path in paths]))


def _of_image(proposer: Proposer, path: Path) -> float:
    pixels = read_image(path).pixels
    found = proposer.propose(pixels).instances.top(COMPARED)
    mirrored = proposer.propose(np.ascontiguousarray(pixels[:, ::-1])).instances.top(COMPARED)
    if not len(found) or not len(mirrored):
        return 0.0
    back = Instances.from_masks(mirrored.decode()[:, :, ::-1], mirrored.scores)
    return float(found.iou(back).max(1).mean())

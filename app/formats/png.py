"""Masks and label maps as PNG."""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image

from app.errors import FormatError
from freesolo.images import MAX_PIXELS  # whose import lifts Pillow's own limit

_EFFORT = 1
"""Of zlib, 1..9: masks become small at once."""


def write(pixels: npt.NDArray[np.generic], palette: bytes | None = None) -> bytes:
    """A PNG: bool as 1 bit, uint8 as 8 (with a palette of 768 bytes: indices), uint16 as 16, (h, w, 3 or 4) as colour."""
    image = Image.fromarray(pixels)
    if palette is not None:
        image.putpalette(palette)
    stream = io.BytesIO()
    image.save(stream, "PNG", compress_level=_EFFORT)
    return stream.getvalue()


def check_size(size: tuple[int, int], name: str) -> tuple[int, int]:
    """The (height, width) that a file states of an image, before any array of that size is made.

    Raises:
        FormatError: the app reads no image that large; ``name`` is what to call it.
    """
    if size[0] * size[1] > MAX_PIXELS:
        raise FormatError(f"{name} states {size[1]} x {size[0]} pixels, more than any image that this app reads")
    return size


def read(data: bytes, size: tuple[int, int] | None, name: str) -> npt.NDArray[np.generic]:
    """The values of a PNG as stored: indices of a palette, not its colours; bool for 1 bit.

    Args:
        data: the file.
        size: (height, width) that it must have; None: any.
        name: what to call it.

    Raises:
        FormatError: it is no picture, damaged, or of another size.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            if size is not None and (image.height, image.width) != tuple(size):
                raise FormatError(f"{name} has {image.width} x {image.height} pixels, its image {size[1]} x {size[0]}")
            check_size((image.height, image.width), name)
            return np.asarray(image)
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatError(f"{name} is no PNG, or damaged: {error}") from error

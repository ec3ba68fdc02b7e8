"""COCO RLE: column-major run lengths, zeros first; compressed (ASCII) inside the product, a plain list is read too."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from freesolo.errors import CodecError
from freesolo.instances import Bool


def encode(mask: npt.NDArray[np.generic]) -> bytes:
    """(height, width) mask, non-zero is foreground -> compressed counts, ASCII."""
    if mask.ndim != 2:
        raise CodecError(f"a mask has two dimensions, this array has shape {mask.shape}")
    counts: bytes = coco_mask.encode(np.asfortranarray((mask != 0).astype(np.uint8)))["counts"]
    return counts


def decode(counts: bytes | str, size: tuple[int, int]) -> Bool:
    """Compressed counts -> (height, width) bool.

    Raises:
        CodecError: the counts do not describe a mask of this size.
    """
    checked = _checked(counts, size)
    decoded: npt.NDArray[np.uint8] = coco_mask.decode({"size": list(size), "counts": checked})
    return np.ascontiguousarray(decoded).astype(bool)


def to_counts_list(counts: bytes | str) -> list[int]:
    """Compressed counts -> run lengths, zeros first.

    Raises:
        CodecError: a character that COCO's text form does not use, or a text that breaks off.
    """
    text = counts.encode("ascii", "replace") if isinstance(counts, str) else counts
    runs: list[int] = []
    value = shift = 0
    for character in text:
        code = character - 48
        if not 0 <= code < 64:
            raise CodecError(f"compressed RLE holds the character {chr(character)!r}")
        value |= (code & 31) << shift
        shift += 5
        if not code & 32:
            if code & 16:
                value -= 1 << shift
            runs.append(value + (runs[-2] if len(runs) > 2 else 0))
            value = shift = 0
    if shift:
        raise CodecError("compressed RLE breaks off in the middle of a number")
    return runs


def from_counts_list(runs: Sequence[int], size: tuple[int, int]) -> bytes:
    """Run lengths, zeros first -> compressed counts.

    Raises:
        CodecError: a run is negative or no integer, or the runs do not sum to height * width.
    """
    if not all(isinstance(run, int | np.integer) and not isinstance(run, bool) for run in runs):
        raise CodecError("RLE counts are not all integers")
    check_runs(runs, size)
    code = coco_mask.frPyObjects({"size": list(size), "counts": [int(run) for run in runs]}, *size)
    counts: bytes = code["counts"]
    return counts


def parse(segmentation: object, size: tuple[int, int]) -> bytes:
    """A ``segmentation`` of a COCO file -> compressed counts; its TYPE chooses the decoder, never ``iscrowd``.

    Args:
        segmentation: {"counts": text, bytes or list, "size": [height, width]}, or a list of polygons (their union).
        size: (height, width) of the image.

    Raises:
        CodecError: anything else, or a mask of another size.
    """
    if isinstance(segmentation, dict):
        stated = segmentation.get("size")
        if stated is not None and tuple(stated) != tuple(size):
            raise CodecError(f"RLE of size {list(stated)}, but the image is {list(size)} (height, width)")
        counts = segmentation.get("counts")
        if isinstance(counts, str | bytes):
            return _checked(counts, size)
        if isinstance(counts, list):
            return from_counts_list(counts, size)
        raise CodecError(f"RLE counts are neither text nor a list but {type(counts).__name__}")
    if isinstance(segmentation, list):
        return _from_polygons(segmentation, size)
    raise CodecError(f"segmentation is neither RLE nor polygons but {type(segmentation).__name__}")


def _from_polygons(rings: list[object], size: tuple[int, int]) -> bytes:
    if not rings:
        raise CodecError("segmentation holds no polygon")
    for ring in rings:
        numbers = isinstance(ring, list) and all(isinstance(v, int | float) and np.isfinite(v) for v in ring)
        if not numbers or len(ring) < 6 or len(ring) % 2:  # type: ignore[arg-type]
            raise CodecError("a polygon is not a list of at least three x, y pairs")
    merged: bytes = coco_mask.merge(coco_mask.frPyObjects(rings, *size))["counts"]
    return merged


def _checked(counts: bytes | str, size: tuple[int, int]) -> bytes:
    check_runs(to_counts_list(counts), size)
    return counts.encode("ascii") if isinstance(counts, str) else counts


def check_runs(runs: Sequence[int], size: tuple[int, int]) -> None:
    """Refuse run lengths that are no mask of this size.

    Raises:
        CodecError: a run is negative, or the runs do not sum to height * width.
    """
    if any(run < 0 for run in runs):
        raise CodecError("RLE counts hold a negative run")
    if sum(runs) != size[0] * size[1]:
        pixels = f"{size[0]} x {size[1]} = {size[0] * size[1]} pixels"
        raise CodecError(f"RLE counts sum to {sum(runs)}, but the image has {pixels}")

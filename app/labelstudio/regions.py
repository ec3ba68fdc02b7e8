"""Masks as regions of Label Studio and back, without a pixel lost.

A region is a brush (run lengths, any mask) or a polygon along the pixel edges. Label Studio knows regions by an id of our
choosing, so that a mask is found again after people worked on it there. Polygons have one ring each: a mask of several
parts is several regions, whose ids begin alike; its holes are reached by cuts without width.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias, get_args
from uuid import uuid4

from pycocotools import mask as coco_mask

from app.formats import outlines
from freesolo.codecs import coco_rle
from freesolo.errors import CodecError

Region: TypeAlias = dict[str, Any]
Shape = Literal["brush", "polygon"]
"""How masks are written; polygons of ragged masks are longer than brushes."""
SHAPES: tuple[Shape, ...] = get_args(Shape)

IMAGE = "image"
"""Name of the interface's picture, and the key of its address in a task's data."""
CONTROLS: dict[Shape, str] = {"brush": "brush", "polygon": "polygon"}
"""Names of the interface's tools."""
_TYPES: dict[Shape, str] = {"brush": "brushlabels", "polygon": "polygonlabels"}

_OURS = re.compile(r"mask-(\d{1,18})(?:-\d+)?")


@dataclass(frozen=True)
class PushedMask:
    """What is written of a mask."""

    id: int
    """Its id in this workspace."""
    counts: str
    """Compressed COCO RLE at the image's size."""
    label: str
    """Name of its category."""
    score: float


@dataclass(frozen=True)
class ReadRegion:
    """A mask as Label Studio has it."""

    id: int | None
    """Its id in this workspace; None: somebody drew it there."""
    key: str
    """Label Studio's own id of it; of several parts the first one's."""
    counts: str
    """Compressed COCO RLE at the image's size, canonical: equal masks have equal counts."""
    label: str | None
    """None: it was drawn without a name."""


@dataclass(frozen=True)
class ReadResult:
    """The regions of an annotation."""

    regions: Sequence[ReadRegion]
    unreadable: frozenset[int]
    """Masks of this workspace that are there but cannot be read."""
    faults: Sequence[str]
    """Regions that cannot be read, one sentence each."""


def write(mask: PushedMask, size: tuple[int, int], shape: Shape) -> list[Region]:
    """The regions of a mask: one brush, or one polygon a part; a brush also where no polygon would keep its pixels.

    Args:
        mask: with at least one pixel.
        size: (height, width) of the upright image.
        shape: how to write it.
    """
    rings = outlines.coco_rings(mask.counts, size, simple=False)[0] if shape == "polygon" else []
    if rings:
        return [_polygon(mask, size, ring, part) for part, ring in enumerate(rings)]
    return [_brush(mask, size, f"mask-{mask.id}")]


def drawn(counts: str, size: tuple[int, int], label: str, score: float) -> Region:
    """A mask that is none of this workspace yet, as a brush: when it comes back, it is new here.

    Args:
        counts: compressed COCO RLE, with at least one pixel.
        size: (height, width) of the upright image.
        label: name of its category.
        score: in [0, 1].
    """
    return _brush(PushedMask(0, counts, label, score), size, uuid4().hex[:10])


def _brush(mask: PushedMask, size: tuple[int, int], key: str) -> Region:
    from freesolo.codecs import label_studio_brush  # compiled loops, which most commands start without

    stream = label_studio_brush.encode_counts(mask.counts, size)
    return _region(mask, size, "brush", key, {"format": "rle", "rle": list(stream)})


def _polygon(mask: PushedMask, size: tuple[int, int], ring: Sequence[float], part: int) -> Region:
    points = [[100 * x / size[1], 100 * y / size[0]] for x, y in zip(ring[::2], ring[1::2], strict=True)]
    key = f"mask-{mask.id}-{part}" if part else f"mask-{mask.id}"
    return _region(mask, size, "polygon", key, {"points": points, "closed": True})


def _region(mask: PushedMask, size: tuple[int, int], shape: Shape, key: str, value: Region) -> Region:
    return {
        "id": key,
        "from_name": CONTROLS[shape],
        "to_name": IMAGE,
        "type": _TYPES[shape],
        "original_width": size[1],
        "original_height": size[0],
        "image_rotation": 0,
        "score": round(mask.score, 6),
        "value": {**value, _TYPES[shape]: [mask.label]},
    }


def own_id(key: str) -> int | None:
    """The mask of this workspace that a region's id speaks of; None: it was drawn there."""
    found = _OURS.fullmatch(key)
    return int(found[1]) if found else None


def read(result: Sequence[Region], size: tuple[int, int]) -> ReadResult:
    """The masks of an annotation or prediction; those without any pixel are left out, as if they had been deleted.

    Args:
        result: as Label Studio gives it.
        size: (height, width) of the upright image.
    """
    parts: dict[str, list[tuple[str, str | None]]] = {}  # key -> (counts, label) of each region
    owners: dict[str, int | None] = {}
    faults: list[str] = []
    unreadable: set[int] = set()
    for region in result:
        own = own_id(str(region.get("id", "")))
        key = str(region.get("id", "")) if own is None else f"mask-{own}"
        try:
            counts = _counts(region, size)
        except CodecError as error:
            faults.append(f"region {key}: {error}")
            unreadable.update([] if own is None else [own])
            continue
        if counts is not None:
            owners[key] = own
            parts.setdefault(key, []).append((counts, _label(region)))
    regions = []
    for key, group in parts.items():
        counts = _union([each for each, _ in group], size)
        if owners[key] not in unreadable and coco_mask.area({"size": list(size), "counts": counts.encode()}):
            label = next((each for _, each in group if each is not None), None)
            regions.append(ReadRegion(owners[key], key, counts, label))
    return ReadResult(regions, frozenset(unreadable), faults)


def _counts(region: Region, size: tuple[int, int]) -> str | None:
    """The pixels of one region; None for what is no region of the picture (a choice, a text, a relation)."""
    value = region.get("value")
    if not isinstance(value, dict) or "original_width" not in region:
        return None
    stated = (region.get("original_height"), region.get("original_width"))
    if stated != size:
        raise CodecError(f"made on a picture of {stated[1]} x {stated[0]} pixels, the image has {size[1]} x {size[0]}")
    if region.get("image_rotation"):
        raise CodecError("drawn on a picture that was turned in Label Studio: turn it back there and submit again")
    if "rle" in value:
        from freesolo.codecs import label_studio_brush  # as in `_brush`

        mask = label_studio_brush.decode(value["rle"], size)
        return coco_rle.encode(mask).decode("ascii")
    if "points" in value:
        return outlines.filled([_pixels(value["points"], size)], size)
    raise CodecError(f"a region of the type {region.get('type')} is no mask: draw it with the brush or the polygon")


def _pixels(points: object, size: tuple[int, int]) -> list[float]:
    """Percent of the picture -> [x, y, x, y, ...] in pixels."""
    try:
        pairs = [(float(x), float(y)) for x, y in points]  # type: ignore[attr-defined]
    except (TypeError, ValueError):
        raise CodecError("its points are not pairs of numbers") from None
    return [value for x, y in pairs for value in (x * size[1] / 100, y * size[0] / 100)]


def _union(counts: Sequence[str], size: tuple[int, int]) -> str:
    merged = coco_mask.merge([{"size": list(size), "counts": each.encode()} for each in counts for _ in range(2)])
    return str(merged["counts"].decode("ascii"))


def _label(region: Region) -> str | None:
    labels = region["value"].get(region.get("type"))
    return str(labels[0]) if isinstance(labels, list) and labels else None

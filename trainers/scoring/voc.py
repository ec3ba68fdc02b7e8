"""A Pascal VOC folder (``VOCdevkit/VOC2012`` and its kin) as a COCO ground truth in memory.

Masks come from ``SegmentationObject``: palette PNGs whose numbers are the objects of the image, 0 the background and 255 void, the
borders and the places that VOC's annotators left undecided. Void belongs to no object, and detections lose those pixels before they
are compared (``void`` of the image, see `freesolo.evaluation`): neither rewarded nor punished there, as in VOC's own segmentation
score. Boxes come from ``Annotations``; those marked difficult or truncated count like all others, as in the literature on object
discovery that table 4 of the paper compares with.
"""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
from PIL import Image, UnidentifiedImageError

from freesolo.codecs import coco_rle
from freesolo.evaluation import Kind
from freesolo.instances import Instances
from trainers.errors import UsageError
from trainers.work_list import printable

CLASSES = (
    "aeroplane", "bicycle", "bird", "boat", "bottle", "bus", "car", "cat", "chair", "cow", "diningtable", "dog", "horse", "motorbike",
    "person", "pottedplant", "sheep", "sofa", "train", "tvmonitor",
)  # fmt: skip
"""In the order of ``SegmentationClass``'s numbers, which begin at 1."""

VOID = 255
_LISTS = {"masks": ("Segmentation", "val"), "boxes": ("Main", "trainval")}
"""Folder of the lists of images, and the list that the literature scores."""


def read_voc(folder: Path, kind: Kind, split: str | None = None) -> dict[str, Any]:
    """A COCO instance file of one list of the folder; file names are relative to the folder.

    Args:
        folder: holds ``ImageSets``, ``JPEGImages`` and what ``kind`` needs.
        kind: masks, or boxes; then objects have no mask.
        split: name of the list in ``ImageSets/Segmentation`` (masks; None: val) or ``ImageSets/Main`` (boxes; None: trainval).

    Raises:
        UsageError: a file is missing or is not of VOC's form.
    """
    names = _names(folder, kind, split)
    truth: dict[str, Any] = {"images": [], "annotations": [], "categories": []}
    truth["categories"] = [{"id": number, "name": name} for number, name in enumerate(CLASSES, 1)]
    for number, name in enumerate(names, 1):
        image, annotations = _with_boxes(folder, name) if kind == "boxes" else _with_masks(folder, name)
        truth["images"].append({"id": number, "file_name": f"JPEGImages/{name}.jpg", **image})
        for annotation in annotations:
            truth["annotations"].append(
                {"id": len(truth["annotations"]) + 1, "image_id": number, "iscrowd": 0, **annotation}
            )
    return truth


def _names(folder: Path, kind: Kind, split: str | None) -> list[str]:
    kept, default = _LISTS[kind]
    path = folder / "ImageSets" / kept / f"{split or default}.txt"
    try:
        names = [line.split()[0] for line in path.read_text("utf-8").splitlines() if line.strip()]
    except OSError as error:
        there = sorted(other.stem for other in path.parent.glob("*.txt")) if path.parent.is_dir() else []
        has = f"it has the lists {', '.join(there)}" if there else "name a folder like VOCdevkit/VOC2012"
        raise UsageError(
            f"{printable(folder)} has no list ImageSets/{kept}/{path.name} ({error.strerror}): {has}"
        ) from error
    if not names:
        raise UsageError(f"{printable(path)} names no image")
    return names


def _with_masks(folder: Path, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Size and void of an image, and its objects."""
    objects = _numbers(folder / "SegmentationObject" / f"{name}.png")
    classes_file = folder / "SegmentationClass" / f"{name}.png"
    classes = _numbers(classes_file)
    if classes.shape != objects.shape:
        raise UsageError(f"{printable(classes_file)} has another size than the file in SegmentationObject")
    image: dict[str, Any] = {"height": objects.shape[0], "width": objects.shape[1]}
    void = objects == VOID
    if void.any():
        image["void"] = {"size": list(objects.shape), "counts": coco_rle.encode(void)}
    annotations = []
    for number in np.unique(objects[(objects != 0) & ~void]):
        mask = objects == number
        found = Instances.from_masks(mask[None], [1.0])
        annotations.append(
            {
                "category_id": _class_of(classes[mask], classes_file),
                "segmentation": found.rles()[0],
                "area": int(found.areas[0]),
                "bbox": found.boxes[0].tolist(),
            }
        )
    return image, annotations


def _class_of(numbers: npt.NDArray[np.uint8], path: Path) -> int:
    """The class that most pixels of an object have."""
    counts = np.bincount(numbers[(numbers > 0) & (numbers <= len(CLASSES))], minlength=1)
    if not counts.any():
        raise UsageError(f"{printable(path)} gives an object none of VOC's {len(CLASSES)} classes")
    return int(counts.argmax())


def _numbers(path: Path) -> npt.NDArray[np.uint8]:
    """(h, w) uint8 places in the palette."""
    try:
        with Image.open(path) as image:
            if image.mode not in ("P", "L"):
                raise UsageError(f"{printable(path)} is no palette PNG, as VOC has it, but {image.mode}")
            return np.asarray(image)
    except (OSError, UnidentifiedImageError) as error:
        raise UsageError(f"{printable(path)} cannot be read: {error}") from error


def _with_boxes(folder: Path, name: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Size of an image, and its objects; VOC counts pixels from 1, both ends included."""
    path = folder / "Annotations" / f"{name}.xml"
    try:
        root = ElementTree.parse(path).getroot()  # noqa: S314 - expat itself stops entity bombs; nothing is fetched
        image = {side: int(root.findtext(f"size/{side}", "")) for side in ("height", "width")}
        annotations = [_box(row) for row in root.iter("object")]
    except OSError as error:
        raise UsageError(f"{printable(path)} cannot be read: {error.strerror}") from error
    except (ElementTree.ParseError, ValueError) as error:
        raise UsageError(f"{printable(path)} is not an annotation of VOC: {error}") from error
    return image, annotations


def _box(row: ElementTree.Element) -> dict[str, Any]:
    left, top, right, bottom = (float(row.findtext(f"bndbox/{side}", "")) for side in ("xmin", "ymin", "xmax", "ymax"))
    width, height = right - left + 1, bottom - top + 1
    category = CLASSES.index(row.findtext("name", "")) + 1
    return {"category_id": category, "bbox": [left - 1, top - 1, width, height], "area": width * height}

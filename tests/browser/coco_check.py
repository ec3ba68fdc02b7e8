"""The rules of COCO instance interchange, checked on a file without any code of the app."""

import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps
from pycocotools import mask as coco_mask


def faults(path: Path, photos: Path) -> list[str]:
    """Everything that is wrong with an exported file; ``photos``: the folder that was imported."""
    data = json.loads(path.read_text(encoding="utf-8"))
    images = {image["id"]: image for image in data["images"]}
    categories = {category["id"] for category in data["categories"]}
    found = [fault for image in data["images"] for fault in _image_faults(image, photos)]
    if len(images) != len(data["images"]) or len({image["file_name"] for image in data["images"]}) != len(images):
        found.append("two images share an id or a file name")
    if not categories or min(categories) < 1:
        found.append(f"category ids {sorted(categories)} do not start at 1")
    ids = [annotation["id"] for annotation in data["annotations"]]
    if len(set(ids)) != len(ids) or any(number < 1 for number in ids):
        found.append("annotation ids are not unique positive numbers")
    for annotation in data["annotations"]:
        if annotation["image_id"] not in images or annotation["category_id"] not in categories:
            found.append(f"annotation {annotation['id']}: its image or category is missing")
        else:
            found += _mask_faults(annotation, images[annotation["image_id"]])
    return found


def _image_faults(image, photos):
    name = image["file_name"]
    if name.startswith("/") or "\\" in name or not (photos / name).is_file():
        return [f"{name}: not a file of the folder"]
    with Image.open(photos / name) as picture:
        size = ImageOps.exif_transpose(picture).size
    return [] if size == (image["width"], image["height"]) else [f"{name}: it is {size}, the file says otherwise"]


def _mask_faults(annotation, image):
    who, size = f"annotation {annotation['id']}", (image["height"], image["width"])
    mask = _decode(annotation["segmentation"], size)
    if mask.shape != size or not mask.any():
        return [f"{who}: mask of {mask.shape} with {mask.sum()} pixels on an image of {size}"]
    rows, columns = np.nonzero(mask)
    box = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
    wrong = [] if annotation["iscrowd"] == 0 else [f"{who}: iscrowd"]
    if annotation["area"] != len(rows):
        wrong.append(f"{who}: area {annotation['area']}, but {len(rows)} pixels")
    if list(map(float, annotation["bbox"])) != list(map(float, box)):
        wrong.append(f"{who}: bbox {annotation['bbox']}, but {box}")
    return wrong


def _decode(segmentation, size):
    if isinstance(segmentation, list):
        code = coco_mask.merge(coco_mask.frPyObjects(segmentation, *size))
    elif isinstance(segmentation["counts"], list):
        code = coco_mask.frPyObjects(segmentation, *size)
    else:
        code = segmentation
    return coco_mask.decode(code).astype(bool)

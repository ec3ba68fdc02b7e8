"""Read files with other people's libraries, in an environment of theirs; what they read goes out as JSON.

    python main.py FOLDER

FOLDER holds one folder a reader, named as below. The answer: {reader: {image: [COCO RLE, ...]}}. No code of the app is used.
"""

import json
import sys
from pathlib import Path

import numpy as np
from pycocotools import mask as coco_mask


def datumaro(path, name):
    from datumaro.components.dataset import Dataset

    items = Dataset.import_from(str(path), name)
    return {
        item.id: [np.asarray(each.image) for each in item.annotations if each.type.name == "mask"] for item in items
    }


def supervision(dataset):
    return {Path(path).name: list(found.mask) if len(found) else [] for path, _, found in dataset}


def supervision_coco(path):
    import supervision as sv

    return supervision(sv.DetectionDataset.from_coco(str(path / "images"), str(path / "x.json"), force_masks=True))


def supervision_yolo(path):
    import supervision as sv

    folders = str(path / "images"), str(path / "labels"), str(path / "data.yaml")
    return supervision(sv.DetectionDataset.from_yolo(*folders, force_masks=True))


def supervision_labelme(path):
    import supervision as sv

    return supervision(sv.DetectionDataset.from_labelme(str(path / "images"), str(path), force_masks=True))


READERS = {
    "datumaro-datumaro": lambda path: datumaro(path, "datumaro"),
    "datumaro-cvat": lambda path: datumaro(path, "cvat"),
    "datumaro-voc": lambda path: datumaro(path, "voc_segmentation"),
    "datumaro-coco": lambda path: datumaro(path, "coco_instances"),
    "supervision-coco": supervision_coco,
    "supervision-yolo": supervision_yolo,
    "supervision-labelme": supervision_labelme,
}


def rle(mask):
    code = coco_mask.encode(np.asfortranarray(np.asarray(mask) != 0).astype(np.uint8))
    return {"size": list(code["size"]), "counts": code["counts"].decode("ascii")}


def main():
    folder = Path(sys.argv[1])
    found = {
        name: {image: [rle(mask) for mask in masks] for image, masks in read(folder / name).items()}
        for name, read in READERS.items()
        if (folder / name).is_dir()
    }
    print("ANSWER " + json.dumps(found))


if __name__ == "__main__":
    main()

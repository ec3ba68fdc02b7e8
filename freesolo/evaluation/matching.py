"""Which detection hits which object: COCOeval's matching, in portions of images that do not depend on each other."""

import contextlib
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

Kind = Literal["masks", "boxes"]
Protocol = Literal["coco", "s1"]

MEDIUM, LARGE = 64.0**2, 192.0**2
"""Areas in pixels between the sizes of the paper's easier protocol (appendix, table S1)."""

PORTION_IMAGES = 50
"""Images of one portion: seconds of work, a few MB."""


@dataclass(frozen=True)
class Portion:
    """Some of the images, with what people drew on them and what was found."""

    truth: dict[str, Any]
    """A COCO instance file of these images alone, category ids from 1."""
    detections: list[dict[str, Any]]
    """COCO results: ``image_id``, ``category_id``, ``segmentation``, ``score``."""
    kind: Kind
    protocol: Protocol


@dataclass(frozen=True)
class Matches:
    """The outcome of matching the detections of some images with their objects."""

    areas: list[list[dict[str, Any] | None]]
    """For each category and range of areas (category by category, COCOeval's order), for each image by ascending id: COCOeval's
    verdicts on detections and objects; None: it has neither."""
    single: list[bool]
    """For boxes, for each image with objects, whether the best box hits one (CorLoc)."""


def portions(
    truth: dict[str, Any], detections: list[dict[str, Any]], kind: Kind, protocol: Protocol
) -> Iterator[Portion]:
    """The images by ascending id, which is COCOeval's order."""
    images = {image["id"]: image for image in truth["images"]}
    drawn, found = _by_image(truth["annotations"]), _by_image(detections)
    numbers = sorted(images)
    for start in range(0, len(numbers), PORTION_IMAGES):
        chosen = numbers[start : start + PORTION_IMAGES]
        annotations = [row for number in chosen for row in drawn.get(number, [])]
        part = dict(truth, images=[images[number] for number in chosen], annotations=annotations)
        yield Portion(part, [row for number in chosen for row in found.get(number, [])], kind, protocol)


def match(portion: Portion) -> Matches:
    """Match the detections of some images with their objects; it does not depend on any other image."""
    detections = portion.detections
    if portion.kind == "boxes":
        detections = [_as_box(row) for row in detections]
    evaluation = evaluation_of(portion.kind, portion.protocol, len(portion.truth["categories"]))
    with contextlib.redirect_stdout(io.StringIO()):  # COCOeval prints its progress
        evaluation.cocoGt = _index(portion.truth)
        evaluation.cocoDt = (
            evaluation.cocoGt.loadRes(detections) if detections else _index(dict(portion.truth, annotations=[]))
        )
        evaluation.params.imgIds = sorted(evaluation.cocoGt.getImgIds())
        evaluation.evaluate()
    verdicts = [verdict and {name: verdict[name] for name in _VERDICT} for verdict in evaluation.evalImgs]
    images = len(evaluation.params.imgIds)
    areas = [verdicts[start : start + images] for start in range(0, len(verdicts), images)]
    return Matches(areas, _localised(portion.truth, detections) if portion.kind == "boxes" else [])


_VERDICT = ("dtScores", "dtMatches", "dtIgnore", "gtIgnore")
"""What COCOeval accumulates of its outcome for an image."""


def joined(parts: list[Matches]) -> Matches:
    """The outcome on all images, from that on their portions in order."""
    areas = [
        [verdict for images in area for verdict in images] for area in zip(*(part.areas for part in parts), strict=True)
    ]
    return Matches(areas, [hit for part in parts for hit in part.single])


def evaluation_of(kind: Kind, protocol: Protocol, categories: int) -> Any:  # noqa: ANN401 - COCOeval has no types
    """COCOeval with the protocol's parameters, without data."""
    evaluation = COCOeval(iouType="bbox" if kind == "boxes" else "segm")
    evaluation.params.catIds = list(range(1, categories + 1))
    if protocol == "s1":
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.params.areaRng = [[MEDIUM, 1e10], [MEDIUM, LARGE], [LARGE, 1e10]]
        evaluation.params.areaRngLbl = ["all", "medium", "large"]
    return evaluation


def _by_image(rows: list[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["image_id"], []).append(row)
    return grouped


def _index(dataset: dict[str, Any]) -> Any:  # noqa: ANN401 - COCO has no types
    coco = COCO()
    coco.dataset = dataset
    coco.createIndex()
    return coco


def _as_box(row: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in row.items() if name != "segmentation"}
    return dict(kept, bbox=[float(side) for side in coco_mask.toBbox(row["segmentation"])])


def _localised(truth: dict[str, Any], detections: list[dict[str, Any]]) -> list[bool]:
    """CorLoc: for each image with objects, whether the box of the highest score has IoU >= 0.5 with one of them."""
    best: dict[Any, dict[str, Any]] = {}
    for row in detections:
        if row["image_id"] not in best or row["score"] > best[row["image_id"]]["score"]:
            best[row["image_id"]] = row
    objects: dict[Any, list[list[float]]] = {}
    for annotation in truth["annotations"]:
        if not annotation["iscrowd"]:
            objects.setdefault(annotation["image_id"], []).append(annotation["bbox"])
    hits = []
    for image, boxes in objects.items():
        found = [best[image]["bbox"]] if image in best else []
        iou = coco_mask.iou(np.array(found), np.array(boxes, float), [0] * len(boxes)) if found else np.zeros(1)
        hits.append(bool(np.max(iou) >= 0.5))
    return hits

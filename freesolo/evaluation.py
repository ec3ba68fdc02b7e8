"""Class-agnostic scoring against human masks: COCO's AP and AR, the paper's easier protocol (table S1), CorLoc, intervals.

All objects count as one category (COCOeval with ``useCats = 0``); crowd annotations are ignored, as COCO has it. Matching is done once,
image by image and so wherever one likes (`match`); the figures are accumulated from its outcome over all images. Bootstrap resamples
only draw from that outcome, so that hundreds of them take seconds.
"""

import contextlib
import io
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import numpy as np
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from freesolo.codecs import coco_rle
from freesolo.errors import FreeSoloError

Kind = Literal["masks", "boxes"]
Protocol = Literal["coco", "s1"]

MEDIUM, LARGE = 64.0**2, 192.0**2
"""Areas in pixels between the sizes of the paper's easier protocol (appendix, table S1)."""


class EvaluationError(FreeSoloError):
    """The ground truth or the results cannot be scored."""


@dataclass(frozen=True)
class Scores:
    """Figures in percent, by their usual names."""

    figures: dict[str, float]
    """Protocol ``coco``: AP, AP50, AP75, AR1, AR10, AR100, AR_small, AR_medium, AR_large; ``s1``: AP*, AP*_medium, AP*_large; and
    for boxes CorLoc. -1 where no object has that size."""
    intervals: dict[str, tuple[float, float]]
    """2.5 % and 97.5 % quantiles over resampled images, where asked for."""
    objects: int
    detections: int
    images: int


@dataclass(frozen=True)
class Portion:
    """Some of the images, with what people drew on them and what was found."""

    truth: dict[str, Any]
    """A COCO instance file of these images alone, one category."""
    detections: list[dict[str, Any]]
    """COCO results: ``image_id``, ``category_id``, ``segmentation``, ``score``."""
    kind: Kind
    protocol: Protocol


@dataclass(frozen=True)
class Matches:
    """The outcome of matching the detections of some images with their objects."""

    areas: list[list[dict[str, Any] | None]]
    """For each range of areas, for each image by ascending id: COCOeval's verdicts on detections and objects; None: it has neither."""
    single: list[bool]
    """For boxes, for each image with objects, whether the best box hits one (CorLoc)."""


Spread = Callable[[Callable[[Portion], Matches], Iterable[Portion]], Iterable[Matches]]
"""Applies a function to all portions and gives the results in their order, as the builtin ``map`` does."""

PORTION_IMAGES = 50
"""Images of one portion: seconds of work, a few MB."""


def evaluate(
    truth: dict[str, Any],
    results: dict[str, Any] | Sequence[dict[str, Any]],
    kind: Kind = "masks",
    protocol: Protocol = "coco",
    bootstrap: int = 0,
    spread: Spread = map,
) -> Scores:
    """Score results against a COCO ground truth; neither is changed.

    Args:
        truth: a COCO instance file. Annotation ids may be anything: COCOeval's trouble with 0 is avoided by numbering them anew.
        results: a COCO file with scores on its annotations, whose images are matched by ``file_name`` (whole, else its last part), or a
            bare list of results, matched by ``image_id``.
        kind: masks, or the boxes around them.
        protocol: ``coco``, or ``s1``: only objects above 64^2 pixels, IoU 0.5.
        bootstrap: resamplings of the images for the intervals.
        spread: where `match` is run on the portions: here, unless it takes them elsewhere. The figures are the same.

    Raises:
        EvaluationError: the ground truth is incomplete, or no result belongs to one of its images.
        CodecError: a mask does not decode.
    """
    truth = _normalised(truth)
    detections = _detections(results, truth["images"])
    if not detections:
        raise EvaluationError("no result belongs to an image of the ground truth: compare their file names and ids")
    portions = _portions(truth, detections, kind, protocol)
    matches = _joined(list(spread(match, portions)))
    images = len(matches.areas[0])
    figures = _accumulate(matches, range(images), protocol)
    intervals = _intervals(matches, protocol, bootstrap) if bootstrap else {}
    return Scores(figures, intervals, len(truth["annotations"]), len(detections), images)


def match(portion: Portion) -> Matches:
    """Match the detections of some images with their objects; it does not depend on any other image."""
    detections = portion.detections
    if portion.kind == "boxes":
        detections = [_as_box(row) for row in detections]
    evaluation = _evaluation(portion.kind, portion.protocol)
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


def _normalised(truth: dict[str, Any]) -> dict[str, Any]:
    """A copy with one category and annotation ids from 1."""
    try:
        images = [dict(image) for image in truth["images"]]
        annotations = [
            dict(annotation, id=number, category_id=1, iscrowd=annotation.get("iscrowd", 0))
            for number, annotation in enumerate(truth["annotations"], 1)
        ]
    except (KeyError, TypeError) as error:
        raise EvaluationError(f"the ground truth is no COCO instance file: {error!r}") from error
    return {"images": images, "annotations": annotations, "categories": [{"id": 1, "name": "object"}]}


def _detections(
    results: dict[str, Any] | Sequence[dict[str, Any]], images: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    sizes = {image["id"]: (image["height"], image["width"]) for image in images}
    rows = results["annotations"] if isinstance(results, dict) else results
    rename = _renaming(results["images"], images) if isinstance(results, dict) else None
    out = []
    for row in rows:
        image = row["image_id"] if rename is None else rename.get(row["image_id"])
        if image in sizes:
            size = sizes[image]
            counts = coco_rle.parse(row["segmentation"], size)
            segmentation = {"size": list(size), "counts": counts}
            score = float(row.get("score", 1.0))
            out.append({"image_id": image, "category_id": 1, "segmentation": segmentation, "score": score})
    return out


def _renaming(found: list[dict[str, Any]], images: list[dict[str, Any]]) -> dict[Any, Any]:
    """Image id of the results -> image id of the ground truth."""
    by_name: dict[str, Any] = {}
    for image in images:
        by_name.setdefault(PurePosixPath(image["file_name"]).name, image["id"])
    by_name |= {image["file_name"]: image["id"] for image in images}
    names = ((image["id"], image["file_name"]) for image in found)
    return {number: by_name.get(name, by_name.get(PurePosixPath(name).name)) for number, name in names}


def _portions(
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


def _by_image(rows: list[dict[str, Any]]) -> dict[Any, list[dict[str, Any]]]:
    grouped: dict[Any, list[dict[str, Any]]] = {}
    for row in rows:
        grouped.setdefault(row["image_id"], []).append(row)
    return grouped


def _joined(parts: list[Matches]) -> Matches:
    areas = [
        [verdict for images in area for verdict in images] for area in zip(*(part.areas for part in parts), strict=True)
    ]
    return Matches(areas, [hit for part in parts for hit in part.single])


def _evaluation(kind: Kind, protocol: Protocol) -> Any:  # noqa: ANN401 - COCOeval has no types
    evaluation = COCOeval(iouType="bbox" if kind == "boxes" else "segm")
    evaluation.params.useCats, evaluation.params.catIds = 0, [1]
    if protocol == "s1":
        evaluation.params.iouThrs = np.array([0.5])
        evaluation.params.areaRng = [[MEDIUM, 1e10], [MEDIUM, LARGE], [LARGE, 1e10]]
        evaluation.params.areaRngLbl = ["all", "medium", "large"]
    return evaluation


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


def _accumulate(matches: Matches, images: Sequence[int], protocol: Protocol) -> dict[str, float]:
    """The figures over a selection of the images, by their place, in which one may stand several times."""
    evaluation = _evaluation("masks", protocol)  # the kind matters to matching only
    evaluation.params.imgIds = list(range(len(images)))
    evaluation.evalImgs = [area[image] for area in matches.areas for image in images]
    evaluation._paramsEval = evaluation.params
    with contextlib.redirect_stdout(io.StringIO()):
        evaluation.accumulate()
    precision: Any = evaluation.eval["precision"]  # (thresholds, recalls, 1, areas, detection limits)
    recall: Any = evaluation.eval["recall"]  # (thresholds, 1, areas, detection limits)
    if protocol == "s1":
        names = ("AP*", "AP*_medium", "AP*_large")
        return {name: _mean(precision[:, :, 0, area, 2]) for area, name in enumerate(names)}
    figures = {
        "AP": _mean(precision[:, :, 0, 0, 2]),
        "AP50": _mean(precision[0, :, 0, 0, 2]),
        "AP75": _mean(precision[5, :, 0, 0, 2]),
    }
    figures |= {f"AR{limit}": _mean(recall[:, 0, 0, k]) for k, limit in enumerate((1, 10, 100))}
    figures |= {
        f"AR_{size}": _mean(recall[:, 0, area, 2]) for area, size in ((1, "small"), (2, "medium"), (3, "large"))
    }
    if matches.single:
        figures["CorLoc"] = 100 * float(np.mean(matches.single))
    return figures


def _mean(values: Any) -> float:  # noqa: ANN401 - a numpy slice
    """In percent over what is defined; -1 if nothing is, as COCOeval has it."""
    defined = values[values > -1]
    return 100 * float(defined.mean()) if defined.size else -1.0


def _intervals(matches: Matches, protocol: Protocol, times: int) -> dict[str, tuple[float, float]]:
    rng = random.Random(0)  # noqa: S311 - a resampling, no secret
    everything = range(len(matches.areas[0]))
    runs = [_accumulate(matches, rng.choices(everything, k=len(everything)), protocol) for _ in range(times)]
    low, high = int(0.025 * times), int(0.975 * times) - 1
    intervals = {}
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        if name != "CorLoc":  # it is not resampled
            intervals[name] = (values[low], values[max(high, 0)])
    return intervals

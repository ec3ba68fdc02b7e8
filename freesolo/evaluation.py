"""Class-agnostic scoring against human masks: COCO's AP and AR, the paper's easier protocol (table S1), CorLoc, intervals.

All objects count as one category (COCOeval with ``useCats = 0``); crowd annotations are ignored, as COCO has it. Matching is done once;
bootstrap resamples only draw from its outcome, so that hundreds of them take seconds.
"""

import contextlib
import io
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
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


@dataclass
class _Matches:
    """A COCOeval after matching, ready to accumulate any selection of its images."""

    evaluation: Any
    images: int
    single: list[bool] = field(default_factory=list)
    """For each image with objects whether the best box hits one (CorLoc)."""


def evaluate(
    truth: dict[str, Any],
    results: dict[str, Any] | Sequence[dict[str, Any]],
    kind: Kind = "masks",
    protocol: Protocol = "coco",
    bootstrap: int = 0,
) -> Scores:
    """Score results against a COCO ground truth; neither is changed.

    Args:
        truth: a COCO instance file. Annotation ids may be anything: COCOeval's trouble with 0 is avoided by numbering them anew.
        results: a COCO file with scores on its annotations, whose images are matched by ``file_name`` (whole, else its last part), or a
            bare list of results, matched by ``image_id``.
        kind: masks, or the boxes around them.
        protocol: ``coco``, or ``s1``: only objects above 64^2 pixels, IoU 0.5.
        bootstrap: resamplings of the images for the intervals.

    Raises:
        EvaluationError: the ground truth is incomplete, or no result belongs to one of its images.
        CodecError: a mask does not decode.
    """
    truth = _normalised(truth)
    detections = _detections(results, truth["images"])
    if not detections:
        raise EvaluationError("no result belongs to an image of the ground truth: compare their file names and ids")
    matches = _match(truth, detections, kind, protocol)
    figures = _accumulate(matches, range(matches.images), protocol)
    intervals = _intervals(matches, protocol, bootstrap) if bootstrap else {}
    return Scores(figures, intervals, len(truth["annotations"]), len(detections), matches.images)


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


def _match(truth: dict[str, Any], detections: list[dict[str, Any]], kind: Kind, protocol: Protocol) -> _Matches:
    if kind == "boxes":
        for row in detections:
            row["bbox"] = [float(side) for side in coco_mask.toBbox(row.pop("segmentation"))]
    with contextlib.redirect_stdout(io.StringIO()):  # COCOeval prints its progress
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        evaluation = COCOeval(coco, coco.loadRes(detections), "bbox" if kind == "boxes" else "segm")
        evaluation.params.useCats = 0
        if protocol == "s1":
            evaluation.params.iouThrs = np.array([0.5])
            evaluation.params.areaRng = [[MEDIUM, 1e10], [MEDIUM, LARGE], [LARGE, 1e10]]
            evaluation.params.areaRngLbl = ["all", "medium", "large"]
        evaluation.evaluate()
    images = len(evaluation.params.imgIds)
    return _Matches(evaluation, images, _localised(truth, detections) if kind == "boxes" else [])


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


@contextlib.contextmanager
def _selection(evaluation: Any, images: Sequence[int]) -> Iterator[None]:  # noqa: ANN401 - COCOeval has no types
    """Let COCOeval see a selection of its images, in which one may stand several times."""
    every, areas = len(evaluation._paramsEval.imgIds), len(evaluation.params.areaRng)
    matched, parameters = evaluation.evalImgs, (evaluation.params.imgIds, evaluation._paramsEval.imgIds)
    evaluation.evalImgs = [matched[area * every + image] for area in range(areas) for image in images]
    evaluation.params.imgIds = evaluation._paramsEval.imgIds = list(range(len(images)))
    try:
        yield
    finally:
        evaluation.evalImgs = matched
        evaluation.params.imgIds, evaluation._paramsEval.imgIds = parameters


def _accumulate(matches: _Matches, images: Sequence[int], protocol: Protocol) -> dict[str, float]:
    with _selection(matches.evaluation, images), contextlib.redirect_stdout(io.StringIO()):
        matches.evaluation.accumulate()
    precision: Any = matches.evaluation.eval["precision"]  # (thresholds, recalls, 1, areas, detection limits)
    recall: Any = matches.evaluation.eval["recall"]  # (thresholds, 1, areas, detection limits)
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


def _intervals(matches: _Matches, protocol: Protocol, times: int) -> dict[str, tuple[float, float]]:
    rng = random.Random(0)  # noqa: S311 - a resampling, no secret
    everything = range(matches.images)
    runs = [_accumulate(matches, rng.choices(everything, k=matches.images), protocol) for _ in range(times)]
    low, high = int(0.025 * times), int(0.975 * times) - 1
    intervals = {}
    for name in runs[0]:
        values = sorted(run[name] for run in runs)
        if name != "CorLoc":  # it is not resampled
            intervals[name] = (values[low], values[max(high, 0)])
    return intervals

"""COCO's figures of the proposals on images whose human masks are all known."""

from collections.abc import Mapping
from typing import Any

from freesolo.evaluation import Scores, evaluate
from freesolo.instances import Instances

_DRAWS = 200


def scored(drawn: Mapping[int, Instances], found: Mapping[int, Instances]) -> Scores:
    """Class-agnostic AP and AR with intervals over images.

    Args:
        drawn: human masks by image.
        found: proposals by the same keys.

    Raises:
        EvaluationError: nothing was found anywhere.
    """
    rows = [
        {"image_id": key, "category_id": 1, "segmentation": code, "area": int(area), "bbox": box.tolist()}
        for key, masks in drawn.items()
        for code, area, box in zip(masks.rles(), masks.areas, masks.boxes, strict=True)
    ]
    images = [
        {"id": key, "file_name": str(key), "height": masks.size[0], "width": masks.size[1]}
        for key, masks in drawn.items()
    ]
    truth = {"images": images, "annotations": rows, "categories": [{"id": 1, "name": "object"}]}
    results: list[dict[str, Any]] = [
        {"image_id": key, "category_id": 1, "segmentation": code, "score": float(score)}
        for key, masks in found.items()
        for code, score in zip(masks.rles(), masks.scores, strict=True)
    ]
    return evaluate(truth, results, bootstrap=_DRAWS)

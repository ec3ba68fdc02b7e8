"""Ground truth and results, in whatever form they come, as COCOeval wants them."""

from collections.abc import Callable, Sequence
from pathlib import PurePosixPath
from typing import Any

from pycocotools import mask as coco_mask

from freesolo.codecs import coco_rle
from freesolo.errors import FreeSoloError

Results = dict[str, Any] | Sequence[dict[str, Any]]
"""A COCO file with scores, or a bare list of COCO results."""

_GIVEN = "given_id"
"""Field of a normalised category: the id that the ground truth gave it."""


class EvaluationError(FreeSoloError):
    """The ground truth or the results cannot be scored."""


def normalised(truth: dict[str, Any], classes: bool) -> dict[str, Any]:
    """A copy with annotation and category ids from 1; a single category where classes do not count.

    Raises:
        EvaluationError: something is missing.
    """
    try:
        if classes:
            categories = [
                {"id": number, "name": row["name"], _GIVEN: row["id"]}
                for number, row in enumerate(truth.get("categories", []), 1)
            ]
        else:
            categories = [{"id": 1, "name": "object"}]
        if not categories:
            raise EvaluationError("the ground truth has no categories: score it without classes")
        numbers = {row.get(_GIVEN): row["id"] for row in categories}
        images = [dict(image) for image in truth["images"]]
        annotations = [
            dict(
                annotation,
                id=number,
                category_id=numbers[annotation["category_id"]] if classes else 1,
                iscrowd=annotation.get("iscrowd", 0),
            )
            for number, annotation in enumerate(truth["annotations"], 1)
        ]
    except (KeyError, TypeError) as error:
        raise EvaluationError(f"the ground truth is no COCO instance file: {error!r}") from error
    return {"images": images, "annotations": annotations, "categories": categories}


def detections(results: Results, truth: dict[str, Any], classes: bool) -> list[dict[str, Any]]:
    """COCO results (``image_id``, ``category_id``, ``segmentation``, ``score``) on the images of a normalised ground truth.

    Raises:
        EvaluationError: there are none, or, with ``classes``, none of a category of the ground truth.
        CodecError: a mask does not decode.
    """
    images = {image["id"]: image for image in truth["images"]}
    rows = results["annotations"] if isinstance(results, dict) else results
    rename = _renaming(results["images"], truth["images"]) if isinstance(results, dict) else None
    chosen = [(row["image_id"] if rename is None else rename.get(row["image_id"]), row) for row in rows]
    chosen = [(image, row) for image, row in chosen if image in images]
    if not chosen:
        raise EvaluationError("no result belongs to an image of the ground truth: compare their file names and ids")
    category = _category_of(results, truth, [row for _, row in chosen]) if classes else lambda _: 1
    judged = {number: _judged(image) for number, image in images.items() if "void" in image}
    out = []
    for number, row in chosen:
        size = (images[number]["height"], images[number]["width"])
        segmentation = {"size": list(size), "counts": coco_rle.parse(row["segmentation"], size)}
        if number in judged:
            segmentation = coco_mask.merge([segmentation, judged[number]], intersect=True)
            if not coco_mask.area(segmentation):
                continue
        named, score = category(row), float(row.get("score", 1.0))
        if named is not None:
            out.append({"image_id": number, "category_id": named, "segmentation": segmentation, "score": score})
    return out


def _renaming(found: list[dict[str, Any]], images: list[dict[str, Any]]) -> dict[Any, Any]:
    """Image id of the results -> image id of the ground truth."""
    by_name: dict[str, Any] = {}
    for image in images:
        by_name.setdefault(PurePosixPath(image["file_name"]).name, image["id"])
    by_name |= {image["file_name"]: image["id"] for image in images}
    names = ((image["id"], image["file_name"]) for image in found)
    return {number: by_name.get(name, by_name.get(PurePosixPath(name).name)) for number, name in names}


def _category_of(
    results: Results, truth: dict[str, Any], rows: list[dict[str, Any]]
) -> Callable[[dict[str, Any]], int | None]:
    """Gives the ground truth's category of a result; None: it has no such category."""
    if any("category_id" not in row for row in rows):
        raise EvaluationError(
            "the results do not say what they found: score them without classes, or find masks with a model that was "
            "fine-tuned with classes"
        )
    named = results.get("categories") if isinstance(results, dict) else None
    if named:
        names = {row["id"]: row["name"] for row in named}
        known = {row["name"]: row["id"] for row in truth["categories"]}
        numbers = {given: known[name] for given, name in names.items() if name in known}
    else:
        numbers = {row[_GIVEN]: row["id"] for row in truth["categories"]}
    if not any(row["category_id"] in numbers for row in rows):
        there = ", ".join(str(row["name"]) for row in truth["categories"][:5])
        raise EvaluationError(f"no result is of a category of the ground truth ({there}): compare their names and ids")
    return lambda row: numbers.get(row["category_id"])


def _judged(image: dict[str, Any]) -> dict[str, Any]:
    """RLE of the pixels of an image that are not void."""
    size = (image["height"], image["width"])
    void = coco_rle.decode(coco_rle.parse(image["void"], size), size)
    return {"size": list(size), "counts": coco_rle.encode(~void)}

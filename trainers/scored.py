"""Reading what is to be scored: human masks, and results in any of the forms they come in."""

import json
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any

from freesolo.instances import Instances
from trainers.errors import UsageError
from trainers.records import Failure, Record, latest
from trainers.work_list import printable


def read_ground_truth(path: Path) -> dict[str, Any]:
    """A COCO file with instance masks.

    Raises:
        UsageError: it cannot be read or is no COCO file.
    """
    truth = _read_json(path)
    if not _is_coco(truth):
        raise UsageError(f'{printable(path)} is not a COCO file: it needs "images" and "annotations"')
    return dict(truth)


def read_results(path: Path, truth: dict[str, Any]) -> dict[str, Any] | list[dict[str, Any]]:
    """Results for `freesolo.evaluation.evaluate`: a COCO file with scores, a bare list of COCO results, or a ``.jsonl``
    file of ``propose``, which becomes a COCO file.

    Args:
        path: the file.
        truth: the ground truth; an image of a ``.jsonl`` file goes by its key, or by its path if no image of the ground
            truth is called like its key.

    Raises:
        UsageError: the file cannot be read or is of another form.
        CodecError: a line of the ``.jsonl`` file is damaged.
    """
    if path.suffix == ".jsonl":
        try:
            return _coco(latest(path), {PurePosixPath(image["file_name"]).name for image in truth["images"]})
        except OSError as error:
            raise _unreadable(path, error) from error
    data = _read_json(path)
    rows = data["annotations"] if _is_coco(data) else data
    if not isinstance(rows, list) or not all(map(_is_result, rows)):
        raise UsageError(
            f"{printable(path)} holds no results: it needs to be a COCO file, a list of COCO results "
            "(image_id, segmentation, score), or a .jsonl file of propose"
        )
    return dict(data) if _is_coco(data) else rows


def _coco(records: Iterable[Record | Failure], names: set[str]) -> dict[str, Any]:
    """Records as a COCO file; ``names`` are the last parts of the ground truth's file names."""
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    categories: dict[str, int] = {}
    for number, record in enumerate(records):
        name = record.key if PurePosixPath(record.key).name in names else record.path
        images.append({"id": number, "file_name": name})
        if isinstance(record, Record):
            annotations += [dict(row, image_id=number) for row in _rows(record.instances, categories)]
    if not categories:
        return {"images": images, "annotations": annotations}
    named = [{"id": number, "name": name} for name, number in categories.items()]
    return {"images": images, "annotations": annotations, "categories": named}


def _rows(instances: Instances, categories: dict[str, int]) -> list[dict[str, Any]]:
    """Results without their image; ids of names that are new are added to ``categories``."""
    masks = zip(instances.rles(), instances.scores, strict=True)
    rows: list[dict[str, Any]] = [{"segmentation": code, "score": float(score)} for code, score in masks]
    for row, name in zip(rows, instances.categories or (), strict=False):
        row["category_id"] = categories.setdefault(name, len(categories) + 1)
    return rows


def _is_coco(data: object) -> bool:
    return isinstance(data, dict) and isinstance(data.get("images"), list) and isinstance(data.get("annotations"), list)


def _is_result(row: object) -> bool:
    return (
        isinstance(row, dict)
        and "image_id" in row
        and "segmentation" in row
        and isinstance(row.get("score", 1.0), int | float)
    )


def _read_json(path: Path) -> Any:  # noqa: ANN401  what a JSON file holds is anyone's guess
    try:
        return json.loads(path.read_bytes())
    except OSError as error:
        raise _unreadable(path, error) from error
    except ValueError as error:
        raise UsageError(f"{printable(path)} is not JSON ({error})") from error


def _unreadable(path: Path, error: OSError) -> UsageError:
    return UsageError(f"{printable(path)} cannot be read: {error.strerror}")

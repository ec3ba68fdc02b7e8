"""Scoring: equal to COCOeval written out, kind to odd ids and names, and the easier protocol of the paper."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from freesolo.codecs import coco_rle
from freesolo.evaluation import EvaluationError, evaluate

SHARED = Path(__file__).parents[3] / "shared"
SIZE = (300, 400)


def square(top: int, left: int, side: int) -> np.ndarray:
    mask = np.zeros(SIZE, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def segmentation(mask: np.ndarray) -> dict[str, object]:
    return {"size": list(SIZE), "counts": coco_rle.encode(mask).decode()}


def truth_of(masks: dict[int, list[np.ndarray]], crowd: int = -1) -> dict[str, object]:
    rows = [(image, mask) for image, each in masks.items() for mask in each]
    return {
        "images": [{"id": i, "file_name": f"folder/{i}.jpg", "height": SIZE[0], "width": SIZE[1]} for i in masks],
        "annotations": [
            {
                "id": number, "image_id": image, "category_id": 7, "iscrowd": int(number == crowd), "area": float(mask.sum()),
                "bbox": [float(v) for v in box_of(mask)], "segmentation": segmentation(mask),
            }
            for number, (image, mask) in enumerate(rows)
        ],
        "categories": [{"id": 7, "name": "thing"}],
    }  # fmt: skip


def box_of(mask: np.ndarray) -> tuple[int, int, int, int]:
    rows, columns = np.nonzero(mask)
    return columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1


def result(image: int, mask: np.ndarray, score: float) -> dict[str, object]:
    return {"image_id": image, "segmentation": segmentation(mask), "score": score}


OBJECTS = {1: [square(10, 10, 20), square(50, 60, 80)], 2: [square(20, 20, 220)], 3: []}


def test_a_perfect_result_scores_hundred_although_ids_begin_at_zero() -> None:
    truth = truth_of(OBJECTS)
    scores = evaluate(truth, [result(i, mask, 0.9) for i, masks in OBJECTS.items() for mask in masks])
    assert scores.figures["AP"] == pytest.approx(100)
    assert [scores.figures[f"AR_{size}"] for size in ("small", "medium", "large")] == pytest.approx([100, 100, 100])
    assert scores.figures["AR1"] == pytest.approx(100 * 2 / 3), "one of three objects is the second of its image"
    assert (scores.objects, scores.detections, scores.images) == (3, 3, 3)
    assert truth["annotations"][0]["category_id"] == 7, "the ground truth is left as it was"  # type: ignore[index]


def test_ap_is_the_area_under_the_known_curve() -> None:
    found = [
        result(1, square(10, 10, 20), 0.9),
        result(1, square(200, 300, 30), 0.8),
        result(2, square(20, 20, 220), 0.7),
    ]
    figures = evaluate(truth_of(OBJECTS), found).figures
    # precision 1 up to recall 1/3 (34 of the 101 points), 2/3 up to recall 2/3 (33 more), then 0
    assert figures["AP50"] == pytest.approx(100 * (34 + 33 * 2 / 3) / 101)
    assert figures["AR100"] == pytest.approx(100 * 2 / 3)
    assert figures["AR_medium"] == 0


def test_crowds_are_ignored_and_partial_overlap_counts_by_threshold() -> None:
    truth = truth_of({1: [square(0, 0, 100), square(100, 150, 100)]}, crowd=1)
    found = [result(1, square(0, 0, 100), 0.9), result(1, square(100, 150, 100), 0.95)]
    assert evaluate(truth, found).figures["AP"] == pytest.approx(100), "a hit on the crowd is neither right nor wrong"
    half = np.zeros(SIZE, bool)
    half[:100, :72] = True
    figures = evaluate(truth, [result(1, half, 0.9)]).figures
    assert (figures["AP50"], figures["AP75"]) == (pytest.approx(100), 0)
    assert figures["AP"] == pytest.approx(50), "IoU 0.72 reaches 5 of the 10 thresholds"


def test_files_are_matched_by_name() -> None:
    masks = [mask for each in OBJECTS.values() for mask in each]
    results = {
        "images": [{"id": 70, "file_name": "1.jpg"}, {"id": 80, "file_name": "folder/2.jpg"}, {"id": 90, "file_name": "x.jpg"}],
        "annotations": [
            result(70, masks[0], 0.5), result(70, masks[1], 0.5), result(80, masks[2], 0.5), result(90, masks[0], 0.9),
        ],
    }  # fmt: skip
    scores = evaluate(truth_of(OBJECTS), results)
    assert scores.figures["AP"] == pytest.approx(100)
    assert scores.detections == 3


def test_the_easier_protocol_counts_objects_above_64_pixels() -> None:
    found = [result(1, square(10, 10, 20), 0.9), result(2, square(20, 20, 220), 0.8)]
    figures = evaluate(truth_of(OBJECTS), found, protocol="s1").figures
    assert set(figures) == {"AP*", "AP*_medium", "AP*_large"}
    assert figures["AP*_large"] == pytest.approx(100)
    assert figures["AP*_medium"] == 0
    assert figures["AP*"] == pytest.approx(100 * 51 / 101), "one of two objects, found first"


def test_boxes_and_corloc() -> None:
    cross = square(50, 60, 80)
    cross[60:120, 70:130] = False  # another mask, the same box
    found = [result(1, cross, 0.9), result(2, square(200, 300, 30), 0.8), result(2, square(20, 20, 220), 0.2)]
    boxes = evaluate(truth_of(OBJECTS), found, kind="boxes").figures
    assert boxes["CorLoc"] == 50, "the best box of image 2 misses"
    assert boxes["AR_large"] == pytest.approx(100)
    assert boxes["AP50"] > evaluate(truth_of(OBJECTS), found).figures["AP50"]


def test_intervals_hold_the_figure_and_are_repeatable() -> None:
    rng = np.random.default_rng(0)
    objects = {i: [square(*rng.integers(0, 150, 2), 60)] for i in range(1, 30)}
    found = [result(i, square(*rng.integers(0, 150, 2), 60) if i % 2 else objects[i][0], 0.5) for i in objects]
    scores = evaluate(truth_of(objects), found, bootstrap=60)
    low, high = scores.intervals["AP50"]
    assert low < scores.figures["AP50"] < high
    assert scores.intervals == evaluate(truth_of(objects), found, bootstrap=60).intervals


def test_what_cannot_be_scored_is_said() -> None:
    with pytest.raises(EvaluationError, match="no result belongs"):
        evaluate(truth_of(OBJECTS), [result(99, square(0, 0, 5), 1)])
    with pytest.raises(EvaluationError, match="no COCO instance file"):
        evaluate({"pictures": []}, [])


@pytest.mark.data
@pytest.mark.skipif(
    not (SHARED / "tools" / "score.py").exists(), reason="the independent scorer is not beside the project"
)
@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_equals_the_independent_scorer(kind: str, tmp_path: Path) -> None:
    truth = json.loads((SHARED / "data" / "nuclei" / "annotations.json").read_text())
    images = truth["images"][:25]
    ids = {image["id"] for image in images}
    truth = dict(truth, images=images, annotations=[a for a in truth["annotations"] if a["image_id"] in ids])
    sizes = {image["id"]: (image["height"], image["width"]) for image in images}
    rng = np.random.default_rng(0)
    results = []
    for annotation in truth["annotations"]:
        size = sizes[annotation["image_id"]]
        mask = coco_rle.decode(coco_rle.parse(annotation["segmentation"], size), size)
        moved = np.roll(mask, tuple(rng.integers(-4, 5, 2)), (0, 1))
        segment = {"size": list(size), "counts": coco_rle.encode(moved).decode()}
        results.append({"image_id": annotation["image_id"], "segmentation": segment, "score": float(rng.random())})
    (tmp_path / "truth.json").write_text(json.dumps(truth))
    (tmp_path / "results.json").write_text(json.dumps(results))
    command = [sys.executable, SHARED / "tools" / "score.py", tmp_path / "truth.json", tmp_path / "results.json"]
    printed = subprocess.run(
        command + ["--boxes"] * (kind == "boxes"), capture_output=True, text=True, check=True
    ).stdout
    expected = json.loads(printed)
    figures = evaluate(truth, results, kind=kind).figures  # type: ignore[arg-type]
    for name, value in figures.items():
        if name != "CorLoc":
            assert round(value, 2) == max(expected[name], -1), name  # the scorer has -1 for "no such object" in percent

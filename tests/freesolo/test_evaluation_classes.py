"""Scoring by class: equal to COCOeval with ``useCats = 1``, categories matched by name; and pixels that nobody judged."""

import contextlib
import copy
import io

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from freesolo.codecs import coco_rle
from freesolo.evaluation import EvaluationError, evaluate
from freesolo.instances import Instances

SIZE = (160, 200)
NAMES = {3: "dog", 8: "cat", 9: "never seen"}


def box(top, left, side):
    mask = np.zeros(SIZE, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def segmentation(mask):
    return {"size": list(SIZE), "counts": coco_rle.encode(mask).decode()}


def annotation(number, image, category, mask):
    found = Instances.from_masks(mask[None], [1.0])
    return {
        "id": number, "image_id": image, "category_id": category, "iscrowd": 0, "area": int(found.areas[0]),
        "bbox": found.boxes[0].tolist(), "segmentation": segmentation(mask),
    }  # fmt: skip


def truth_of(rows):
    return {
        "images": [{"id": i, "file_name": f"{i}.jpg", "height": SIZE[0], "width": SIZE[1]} for i in {r[0] for r in rows}],
        "annotations": [annotation(number, *row) for number, row in enumerate(rows, 1)],
        "categories": [{"id": number, "name": name} for number, name in NAMES.items()],
    }  # fmt: skip


def result(image, category, mask, score):
    return {"image_id": image, "category_id": category, "segmentation": segmentation(mask), "score": score}


TRUTH = truth_of([(1, 3, box(0, 0, 50)), (1, 8, box(60, 60, 50)), (2, 8, box(20, 20, 100))])


def test_an_object_called_by_the_wrong_name_is_not_found():
    right = [result(1, 3, box(0, 0, 50), 0.9), result(1, 8, box(60, 60, 50), 0.8), result(2, 8, box(20, 20, 100), 0.7)]
    scores = evaluate(TRUTH, right, classes=True)
    assert scores.figures["AP"] == pytest.approx(100)
    swapped = [dict(right[0], category_id=8), *right[1:]]
    scores = evaluate(TRUTH, swapped, classes=True)
    assert scores.by_class["dog"] == {"AP": 0, "AP50": 0, "objects": 1}
    assert 50 < scores.by_class["cat"]["AP"] < 100, "the dog that was called a cat is a false cat, the best of all"
    assert set(scores.by_class) == {"dog", "cat"}, "a class without objects has no figure"
    assert scores.figures["AP"] == pytest.approx(scores.by_class["cat"]["AP"] / 2)
    assert evaluate(TRUTH, swapped).figures["AP"] == pytest.approx(100), "without classes its name does not matter"


def test_categories_are_matched_by_name_where_there_are_names():
    rows = [result(1, 1, box(0, 0, 50), 0.9), result(2, 2, box(20, 20, 100), 0.8), result(1, 4, box(60, 60, 50), 0.7)]
    named = [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}, {"id": 4, "name": "bird"}]
    results = {"images": TRUTH["images"], "annotations": rows, "categories": named}
    scores = evaluate(TRUTH, results, classes=True)
    assert scores.by_class["dog"]["AP"] == pytest.approx(100)
    assert scores.by_class["cat"]["AP"] == pytest.approx(100 * 51 / 101), "the other cat was called a bird"
    assert scores.detections == 2, "there is no class of birds"


@pytest.mark.parametrize("kind", ["masks", "boxes"])
def test_equals_cocoeval_with_categories(kind):
    rng = np.random.default_rng(0)
    rows = [(1 + k % 70, int(rng.choice([3, 8])), box(*rng.integers(0, 100, 2), 8 + k % 60)) for k in range(200)]
    truth = truth_of(rows)
    found = [
        result(image, category if rng.random() < 0.8 else 3, np.roll(mask, rng.integers(-4, 5), 1), float(rng.random()))
        for image, category, mask in rows
    ]
    figures = evaluate(truth, found, kind=kind, classes=True).figures
    with contextlib.redirect_stdout(io.StringIO()):
        coco = COCO()
        coco.dataset = truth
        coco.createIndex()
        given = [
            {name: value for name, value in row.items() if name != "segmentation" or kind == "masks"}
            | ({"bbox": coco_box(row)} if kind == "boxes" else {})
            for row in copy.deepcopy(found)
        ]
        reference = COCOeval(coco, coco.loadRes(given), "segm" if kind == "masks" else "bbox")
        reference.evaluate()
        reference.accumulate()
        reference.summarize()
    names = ["AP", "AP50", "AP75", "AP_small", "AP_medium", "AP_large", "AR1", "AR10", "AR100"]
    assert [figures[name] for name in names] == pytest.approx([max(-1, 100 * v) for v in reference.stats[:9]])


def coco_box(row):
    mask = coco_rle.decode(coco_rle.parse(row["segmentation"], SIZE), SIZE)
    return [float(side) for side in Instances.from_masks(mask[None], [1.0]).boxes[0]]


@pytest.mark.parametrize(
    ("truth", "results", "sentence"),
    [
        (TRUTH, [{"image_id": 1, "segmentation": segmentation(box(0, 0, 5)), "score": 1}], "do not say what they"),
        (TRUTH, [result(1, 77, box(0, 0, 5), 1)], r"no result is of a category of the ground truth \(dog, cat, never"),
        (dict(TRUTH, categories=[], annotations=[]), [result(1, 3, box(0, 0, 5), 1)], "has no categories"),
        (dict(TRUTH, categories=[{"id": 3, "name": "dog"}]), [result(1, 3, box(0, 0, 5), 1)], "no COCO instance file"),
    ],
)
def test_what_cannot_be_scored_by_class_is_said(truth, results, sentence):
    with pytest.raises(EvaluationError, match=sentence):
        evaluate(truth, results, classes=True)


def test_pixels_that_nobody_judged_count_for_nothing():
    truth = truth_of([(1, 3, box(10, 10, 40))])
    void = box(5, 5, 50) & ~box(10, 10, 40)  # the border that Pascal VOC leaves out
    found = [result(1, 3, box(5, 5, 50), 0.9), result(1, 3, void, 0.95)]
    before = evaluate(truth, found)
    assert before.figures["AP50"] < 60, "IoU 0.64, after a false one"
    assert before.detections == 2
    truth["images"][0]["void"] = segmentation(void)
    after = evaluate(truth, found)
    assert after.figures["AP"] == pytest.approx(100)
    assert after.detections == 1, "what lies in the void alone is no detection"

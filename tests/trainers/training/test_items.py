import json

import numpy as np
import pytest

from freesolo.errors import CodecError
from freesolo.instances import Instances
from trainers.errors import UsageError
from trainers.records import Failure, Record
from trainers.training.items import Selection, of_coco, of_results


@pytest.fixture
def results(tmp_path):
    """Writes a results file with one image of 100 x 100 pixels that has squares of these sides and scores."""

    def write(*squares):
        masks = np.zeros((len(squares), 100, 100), bool)
        for mask, (side, _) in zip(masks, squares, strict=True):
            mask[:side, :side] = True
        found = Instances.from_masks(masks, np.array([score for _, score in squares], np.float32))
        path = tmp_path / "results.jsonl"
        path.write_bytes(
            Record("a.png", "/a.png", "p@1", 0.1, found).to_line() + Failure("b.png", "/b.png", "torn").to_line()
        )
        return path

    return write


def sides(items):
    return [int(area**0.5) for area in items.items[0].instances.areas]


def test_the_best_masks_of_fit_size_become_targets(results):
    path = results((20, 0.5), (4, 0.9), (90, 0.8), (30, 0.7), (40, 0.6))
    assert sides(of_results(path, Selection(top=2))) == [30, 40], "16 pixels are too few, 81 % too many"
    assert sides(of_results(path, Selection(min_score=0.55))) == [30, 40]
    assert sides(of_results(path, Selection(max_area=1.0, top=1))) == [90]


def test_images_without_a_result_are_told(results):
    assert of_results(results((20, 0.5)), Selection()).left_out == ("/b.png: torn",)


def test_trust_follows_the_scores(results):
    weights = of_results(results((20, 0.9), (30, 0.3), (40, 0.001)), Selection(weighted=True)).items[0].weights
    assert weights[0] == pytest.approx(3 * weights[1])
    assert weights[2] == np.float32(0.1), "never forgotten"
    assert of_results(results((20, 0.9), (30, 0.3)), Selection()).items[0].weights.tolist() == [1, 1]


def test_a_file_without_images_is_told(tmp_path):
    (tmp_path / "r.jsonl").write_bytes(Failure("b", "/b", "torn").to_line())
    with pytest.raises(UsageError, match=r"holds the masks of no image; make it with: python -m trainers propose"):
        of_results(tmp_path / "r.jsonl", Selection())
    with pytest.raises(UsageError, match=r"none.jsonl cannot be read: No such file"):
        of_results(tmp_path / "none.jsonl", Selection())


def test_human_masks_keep_categories_and_crowds_are_no_targets(drawn, tmp_path):
    path = drawn(2)
    coco = json.loads(path.read_text())
    coco["annotations"][1]["iscrowd"] = 1
    coco["images"].append({"id": 5, "file_name": "gone.png", "height": 9, "width": 9})
    path.write_text(json.dumps(coco))
    data = of_coco(path, tmp_path / "images", class_aware=True)
    assert data.categories == ("left", "right")
    first, second = data.items
    assert (len(first.instances), len(first.ignored), first.categories.tolist()) == (1, 1, [0])
    assert (second.categories.tolist(), second.ignored) == ([0, 1], None)
    assert data.left_out == (f"{tmp_path / 'images' / 'gone.png'}: there is no such file",)
    agnostic = of_coco(path, tmp_path / "images", class_aware=False)
    assert (agnostic.categories, agnostic.items[0].categories) == ((), None)


def test_a_coco_file_in_the_wrong_folder_is_told(drawn, tmp_path):
    with pytest.raises(UsageError, match="names 2 images, none of which is in"):
        of_coco(drawn(2), tmp_path / "elsewhere", class_aware=False)


def test_pseudo_labels_and_trust_are_read_from_a_coco_file(drawn, tmp_path):
    path = drawn(2)
    coco = json.loads(path.read_text())
    coco["annotations"][0] |= {"pseudo": True, "weight": 0.25}
    path.write_text(json.dumps(coco))
    first, second = of_coco(path, tmp_path / "images", class_aware=False).items
    assert first.pseudo.tolist() == [True, False]
    assert first.weights.tolist() == [0.25, 1.0]
    assert second.pseudo is None
    coco["annotations"][0]["weight"] = 0
    path.write_text(json.dumps(coco))
    with pytest.raises(CodecError, match="has the weight 0, which must be above 0"):
        of_coco(path, tmp_path / "images", class_aware=False)

import json

import numpy as np
import pytest

from freesolo.errors import CodecError
from freesolo.instances import Instances
from trainers.errors import UsageError
from trainers.records import Failure, Record
from trainers.scored import read_ground_truth, read_results

TRUTH = {
    "images": [{"id": 1, "file_name": "a.jpg"}, {"id": 2, "file_name": "one/b.jpg"}, {"id": 3, "file_name": "c.jpg"}],
    "annotations": [],
}
MASKS = Instances.from_masks(np.ones((1, 4, 6)), [0.5])
ROW = {"image_id": 1, "segmentation": {"size": [4, 6], "counts": "0h0"}, "score": 0.5}


def write(path, data):
    path.write_text(json.dumps(data), "utf-8")
    return path


@pytest.mark.parametrize("data", [[ROW], [], {"images": TRUTH["images"], "annotations": [ROW]}])
def test_coco_files_and_lists_are_taken_as_they_are(tmp_path, data):
    assert read_results(write(tmp_path / "r.json", data), TRUTH) == data


def test_lines_of_propose_become_a_coco_file(tmp_path):
    rows = [
        Record("one/b.jpg", "/p/one/b.jpg", "p@1", 0.1, MASKS),
        Record("17", "/p/c.jpg", "p@1", 0.1, MASKS),
        Failure("a.jpg", "/p/a.jpg", "damaged"),
    ]
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"".join(row.to_line() for row in rows))
    results = read_results(path, TRUTH)
    assert [image["file_name"] for image in results["images"]] == ["one/b.jpg", "/p/c.jpg", "a.jpg"]
    assert results["annotations"] == [
        {"image_id": number, "segmentation": {"size": [4, 6], "counts": MASKS.counts[0]}, "score": 0.5}
        for number in (0, 1)
    ]


@pytest.mark.parametrize(
    "data",
    ["hello", {"images": []}, {"annotations": [ROW]}, [1], [{"image_id": 1}], [{**ROW, "score": "high"}]],
)
def test_what_holds_no_results_is_told(tmp_path, data):
    with pytest.raises(UsageError, match=r"r\.json holds no results: it needs to be"):
        read_results(write(tmp_path / "r.json", data), TRUTH)


def test_files_that_cannot_be_read_are_told(tmp_path):
    for path in (tmp_path / "none.json", tmp_path / "none.jsonl"):
        with pytest.raises(UsageError, match="cannot be read: No such file"):
            read_results(path, TRUTH)
    (tmp_path / "r.json").write_bytes(b"\x89PNG")
    with pytest.raises(UsageError, match="is not JSON"):
        read_results(tmp_path / "r.json", TRUTH)
    (tmp_path / "r.jsonl").write_text("hello\n", "utf-8")
    with pytest.raises(CodecError, match="line 1: not a line"):
        read_results(tmp_path / "r.jsonl", TRUTH)


def test_the_ground_truth_must_be_coco(tmp_path):
    assert read_ground_truth(write(tmp_path / "t.json", TRUTH)) == TRUTH
    for data in ([], {"images": []}, {"annotations": []}):
        with pytest.raises(UsageError, match="is not a COCO file"):
            read_ground_truth(write(tmp_path / "t.json", data))


def test_categories_of_lines_keep_their_names(tmp_path):
    named = Instances.from_masks(np.ones((2, 4, 6)), [0.5, 0.4], categories=["dog", "cat"])
    rows = [Record("a.jpg", "/p/a.jpg", "p@1", 0.1, named), Record("c.jpg", "/p/c.jpg", "p@1", 0.1, MASKS)]
    path = tmp_path / "r.jsonl"
    path.write_bytes(b"".join(row.to_line() for row in rows))
    results = read_results(path, TRUTH)
    assert results["categories"] == [{"id": 1, "name": "dog"}, {"id": 2, "name": "cat"}]
    assert [row.get("category_id") for row in results["annotations"]] == [1, 2, None]

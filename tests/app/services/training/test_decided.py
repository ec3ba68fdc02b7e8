import json
from types import SimpleNamespace

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from app.services import review
from app.services.goodness.tracker import learnt_without
from app.services.review import Operation
from app.services.training import decided
from trainers.training.items import of_coco


def training_set(ws, tmp_path):
    counts = decided.write(ws, tmp_path / "data.json")
    return counts, json.loads((tmp_path / "data.json").read_text())


def rows_of(data, image_id):
    return [row for row in data["annotations"] if row["image_id"] == image_id]


def test_every_fifth_image_is_held_out_for_good(decided_on):
    ws = decided_on(3)
    assert [image.id for image in decided.parts(ws).held] == [3]
    decided_on(8)
    chosen = decided.parts(ws)
    assert ([image.id for image in chosen.held], [image.id for image in chosen.learnt]) == ([3, 8], [1, 2, 4, 5, 6, 7])
    review.undo(ws, "me")
    assert [image.id for image in decided.parts(ws).held] == [3, 8]
    assert decided.parts(ws).undecided == []


def test_accepted_masks_are_objects_and_a_finished_image_has_no_unknown_place(decided_on, tmp_path):
    ws = decided_on(4)
    counts, data = training_set(ws, tmp_path)
    assert (counts.images, counts.held, counts.accepted, counts.rejected, counts.pseudo) == (3, 1, 3, 6, 0)
    assert [image["id"] for image in data["images"]] == [1, 2, 4]
    assert [row["iscrowd"] for row in rows_of(data, 1)] == [0]
    trained = of_coco(tmp_path / "data.json", tmp_path, class_aware=False)
    assert trained.masks == 3
    assert trained.left_out == ()
    assert all(item.ignored is None for item in trained.items)


def test_what_is_not_decided_on_an_unfinished_image_is_ignored(decided_on, tmp_path):
    ws = decided_on(1)
    first, second, third = review.load(ws, 2).instances
    operations = [
        Operation("a", 2, "a", "state", second.id, 0, "accepted"),
        Operation("b", 2, "b", "state", third.id, 0, "rejected"),
    ]
    review.apply(ws, "me", operations)
    _, data = training_set(ws, tmp_path)
    (unknown,) = [row for row in rows_of(data, 2) if row["iscrowd"]]
    known = np.zeros((6, 8), bool)
    known[:, 4:] = known[0, 0] = True  # the right half is an object, the corner is background
    assert np.array_equal(coco_mask.decode(unknown["segmentation"]), ~known)
    review.apply(ws, "me", [Operation("c", 2, "c", "finish"), Operation("d", 2, "d", "state", first.id, 0, "unsure")])
    _, data = training_set(ws, tmp_path)
    ignored = [row["segmentation"]["counts"] for row in rows_of(data, 2) if row["iscrowd"]]
    assert ignored == [first.counts], "what somebody is unsure of"


def test_certain_masks_that_nobody_decided_are_pseudo_labels(decided_on, tmp_path, monkeypatch):
    ws = decided_on(2)
    masks = {image_id: review.load(ws, image_id).instances for image_id in (4, 5, 6, 7)}
    certain = {masks[image_id][0].id: 0.9 for image_id in (4, 5, 6)} | {masks[5][1].id: 0.85, masks[7][0].id: 0.79}

    def of(ids, _scores):
        return np.array([certain.get(int(mask_id), 0.1) for mask_id in ids])

    rows = [(mask.id, image_id) for image_id, found in masks.items() for mask in found]
    estimates = SimpleNamespace(
        calibrated=True,
        of=of,
        image_ids=np.array([image_id for _, image_id in rows]),
        p=np.array([certain.get(mask_id, 0.1) for mask_id, _ in rows]),
    )
    left_out = []
    monkeypatch.setattr(decided, "learnt_without", lambda _ws, held: left_out.extend(held) or estimates)
    counts, data = training_set(ws, tmp_path)
    assert left_out == [], "none is held out yet"
    assert (counts.images, counts.pseudo, counts.pseudo_images) == (2, 4, 3)
    assert [row["weight"] for row in rows_of(data, 5) if row.get("pseudo")] == [0.9, 0.85]
    assert rows_of(data, 7) == []
    trained = of_coco(tmp_path / "data.json", tmp_path, class_aware=False)
    by_name = {item.path.name: item for item in trained.items}
    assert by_name["4.png"].pseudo.tolist() == [True, True]
    assert by_name["4.png"].weights == pytest.approx([0.9, 0.85])
    assert by_name["4.png"].ignored is not None
    assert by_name["0.png"].pseudo is None


def test_what_is_certain_is_learnt_from_the_training_decisions_alone(decided_on, tmp_path, monkeypatch):
    ws = decided_on(8)
    asked = []
    monkeypatch.setattr(decided, "learnt_without", lambda ws, held: asked.append(held) or learnt_without(ws, held))
    training_set(ws, tmp_path)
    assert asked == [[3, 8]]


def test_a_full_disk_leaves_the_old_file(decided_on, tmp_path):
    ws = decided_on(1)
    with pytest.raises(FileNotFoundError):
        decided.write(ws, tmp_path / "nowhere" / "data.json")

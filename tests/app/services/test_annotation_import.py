"""Annotations of other tools: matched by content and path, listed where they are not, and over nobody's decision."""

import json
import shutil
from contextlib import closing

import numpy as np
import pytest

from app.errors import FormatError
from app.formats.registry import FORMATS
from app.services import annotation_import, categories, export, ingest, review
from app.services.annotation_import import ImportRequest
from app.services.export import ExportRequest
from app.services.review import Operation
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import add_masks, make_folder, make_image

WIDE = np.zeros((6, 8), bool)
WIDE[1:5, 1:7] = True
NEAR = WIDE.copy()
NEAR[1, 1] = False
FAR = np.zeros((6, 8), bool)
FAR[5, 5:] = True


@pytest.fixture
def here(ws, tmp_path):
    """Three images of 8 x 6 pixels without masks."""
    ingest.import_folder(ws, make_folder(tmp_path / "photos"))
    return ws


def coco(tmp_path, annotations, images=("a.png",), **extra):
    """A COCO file: annotations are (image number, mask, category name, further keys)."""
    names = sorted({name for _, _, name, _ in annotations}) or ["cat"]
    value = {
        "images": [
            {"id": n, "file_name": name, "width": 8, "height": 6} | extra for n, name in enumerate(images, start=1)
        ],
        "categories": [{"id": n, "name": name} for n, name in enumerate(names, start=1)],
        "annotations": [
            {
                "id": number,
                "image_id": image,
                "category_id": names.index(name) + 1,
                "segmentation": {"size": [6, 8], "counts": coco_rle.encode(mask).decode()},
                **more,
            }
            for number, (image, mask, name, more) in enumerate(annotations, start=1)
        ],
    }
    path = tmp_path / "other.json"
    path.write_text(json.dumps(value))
    return path


def bring(ws, path, **wanted):
    return annotation_import.import_annotations(ws, path, ImportRequest("coco", **wanted))


def masks_of(ws, image_id=1):
    """[(state, category, pixels)] of an image, in order of id."""
    names = {category.id: category.name for category in categories.list_all(ws)}
    with ws.store.read() as tx:
        found = [mask for mask in tx.instances.all_of_image(image_id) if not mask.deleted]
    return [(m.state, names.get(m.category_id), coco_rle.decode(m.counts, (6, 8)).tolist()) for m in found]


def decide(ws, mask_id, state, revision=0, image_id=1):
    operation = Operation(f"k{mask_id}-{revision}-{state}", image_id, "g", "state", mask_id, revision, state)
    assert not review.apply(ws, "me", [operation]).conflicts


def counts_of(report):
    return report.images, report.added, report.changed, report.known, len(report.conflicts)


def test_new_masks_are_decisions_under_a_name_and_undone_as_one_step(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "cat", {"score": 0.5}), (1, FAR, "dog", {"state": "rejected"})])
    assert counts_of(bring(here, path, who="bo")) == (1, 2, 0, 0, 0)
    assert masks_of(here) == [("accepted", "cat", WIDE.tolist()), ("rejected", "dog", FAR.tolist())]
    opened = review.load(here, 1)
    assert (opened.image.accepted, opened.image.rejected) == (1, 1)
    assert {mask.score for mask in opened.instances} == {0.5, 1.0}
    assert {mask.source for mask in opened.instances} == {"import:coco"}
    assert review.undo(here, "bo") is not None
    assert masks_of(here) == []
    assert review.redo(here, "bo") is not None
    assert len(masks_of(here)) == 2


def test_importing_again_changes_nothing(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "cat", {}), (1, FAR, "dog", {})])
    bring(here, path)
    before = masks_of(here)
    assert counts_of(bring(here, path)) == (1, 0, 0, 2, 0)
    assert masks_of(here) == before
    assert counts_of(bring(here, path, state="pending")) == (1, 0, 0, 2, 0)


def test_proposals_of_another_tool_wait_for_review_and_survive_our_own(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "cat", {"score": 0.25})])
    assert counts_of(bring(here, path, state="pending")) == (1, 1, 0, 0, 0)
    (mask,) = review.load(here, 1).instances
    assert (mask.state, mask.score, mask.edited) == ("pending", 0.25, False)
    with here.store.write() as tx:
        assert tx.decisions.last_id() == 0, "nobody decided anything"
        tx.instances.remove_untouched(1)  # what a proposer does before it adds its own
    assert len(review.load(here, 1).instances) == 1
    assert review.undo(here, "import") is None


def test_an_undecided_proposal_takes_what_the_file_says(here, tmp_path):
    bring(here, coco(tmp_path, [(1, WIDE, "cat", {})]), state="pending")
    (mask,) = review.load(here, 1).instances
    with here.store.write() as tx:
        tx.instances.change(mask.id, {"category_id": None})
    report = bring(here, coco(tmp_path, [(1, NEAR, "dog", {})]))
    assert counts_of(report) == (1, 0, 1, 0, 0)
    assert masks_of(here) == [("accepted", "dog", NEAR.tolist())]
    (changed,) = review.load(here, 1).instances
    assert (changed.id, changed.edited, changed.area) == (mask.id, True, int(NEAR.sum()))
    review.undo(here, "import")
    assert masks_of(here) == [("pending", None, WIDE.tolist())]


@pytest.mark.parametrize(
    ("mask", "category", "more", "ours", "theirs"),
    [
        (WIDE, "cat", {"state": "accepted"}, "rejected", "accepted"),
        (WIDE, "dog", {"state": "rejected"}, "named 'cat'", "named 'dog'"),
        (NEAR, "cat", {"state": "rejected"}, "other pixels", "other pixels"),
    ],
    ids=["state", "name", "pixels"],
)
def test_what_was_decided_here_stays_unless_theirs_are_asked_for(here, tmp_path, mask, category, more, ours, theirs):
    bring(here, coco(tmp_path, [(1, WIDE, "cat", {"state": "rejected"})]), who="me")
    before = masks_of(here)
    path = coco(tmp_path, [(1, mask, category, more)])
    report = bring(here, path)
    assert counts_of(report) == (1, 0, 0, 0, 1)
    (conflict,) = report.conflicts
    assert (conflict.image, conflict.ours, conflict.theirs, conflict.kept) == ("a.png", ours, theirs, None)
    assert masks_of(here) == before
    assert counts_of(bring(here, path, resolution="theirs")) == (1, 0, 1, 0, 1)
    assert masks_of(here) == [(more["state"], category, mask.tolist())]
    review.undo(here, "import")
    assert masks_of(here) == before


def test_each_conflict_is_decided_by_its_key_and_both_may_stand(here, tmp_path):
    rejected = {"state": "rejected"}
    bring(here, coco(tmp_path, [(1, WIDE, "cat", rejected), (1, FAR, "dog", rejected)]), who="me")
    path = coco(tmp_path, [(1, NEAR, "cat", {}), (1, FAR, "dog", {}), (2, FAR, "dog", {})], ("a.png", "b.png"))
    review.apply(here, "me", [Operation("f", 2, "g", "finish")])
    report = bring(here, path)
    assert counts_of(report) == (2, 0, 0, 0, 3)
    pixels, state, closed = report.conflicts
    assert [each.can_both for each in report.conflicts] == [True, False, False]
    before = masks_of(here)
    report = bring(here, path, chosen={pixels.key: "both", state.key: "both"})
    assert [each.kept for each in report.conflicts] == ["both", "ours", None]
    assert masks_of(here) == [*before, ("accepted", "cat", NEAR.tolist())]
    opened = review.load(here, 1)
    assert opened.instances[-1].parent_id == pixels.instance_id
    report = bring(here, path)
    assert [each.key for each in report.conflicts] == [state.key, closed.key], "theirs stands beside ours"
    report = bring(here, path, chosen={state.key: "theirs", closed.key: "theirs"})
    assert counts_of(report) == (2, 1, 1, 1, 2)
    assert bring(here, path).conflicts == []
    assert masks_of(here, 2) == [("accepted", "dog", FAR.tolist())]


def test_masks_deleted_here_come_back_only_when_asked_for(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "cat", {})])
    bring(here, path)
    (mask,) = review.load(here, 1).instances
    review.apply(here, "me", [Operation("d", 1, "g", "delete", mask.id, mask.revision)])
    report = bring(here, path)
    assert [(each.ours, each.theirs) for each in report.conflicts] == [("taken away", "there")]
    assert masks_of(here) == []
    bring(here, path, resolution="theirs")
    assert masks_of(here) == [("accepted", "cat", WIDE.tolist())]


def test_a_finished_image_takes_no_further_masks_unless_asked_for(here, tmp_path):
    review.apply(here, "me", [Operation("f", 1, "g", "finish")])
    path = coco(tmp_path, [(1, WIDE, "cat", {})])
    report = bring(here, path)
    assert [(each.instance_id, each.ours) for each in report.conflicts] == [(None, "finished without this mask")]
    assert masks_of(here) == []
    assert counts_of(bring(here, path, resolution="theirs")) == (1, 1, 0, 0, 1)


def test_masks_without_a_name_and_the_category_of_nameless_masks_are_one(here, tmp_path):
    add_masks(here, 1, 1)
    (mask,) = review.load(here, 1).instances
    decide(here, mask.id, "accepted")
    export.write(here, ExportRequest(), tmp_path / "x.json")
    assert counts_of(bring(here, tmp_path / "x.json")) == (3, 0, 0, 1, 0)


def test_a_dry_run_says_the_same_and_does_nothing(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "new name", {}), (1, FAR, "dog", {})])
    assert counts_of(bring(here, path, dry_run=True)) == (1, 2, 0, 0, 0)
    assert masks_of(here) == []
    assert [category.name for category in categories.list_all(here)] == ["object"]


def test_images_are_matched_by_content_then_path_and_listed_where_they_are_not(here, tmp_path):
    with here.store.read() as tx:
        hash_of_b = tx.images.get(2).content_hash
    moved = coco(tmp_path, [(1, WIDE, "cat", {})], images=("elsewhere/x.png",), content_hash=hash_of_b)
    assert counts_of(bring(here, moved)) == (1, 1, 0, 0, 0)
    assert len(masks_of(here, 2)) == 1
    other = coco(tmp_path, [(1, WIDE, "cat", {})], images=("a.png",), content_hash="0" * 32)
    report = bring(here, other)
    assert report.unmatched == [("a.png", "the image here has other content than the one the masks were made on")]
    report = bring(here, coco(tmp_path, [(1, WIDE, "cat", {})], images=("none.png",)))
    assert report.unmatched == [("none.png", "there is no such image here")]
    larger = json.loads(coco(tmp_path, []).read_text())
    larger["images"][0]["width"] = 9
    (tmp_path / "other.json").write_text(json.dumps(larger))
    (fault,) = bring(here, tmp_path / "other.json").unmatched
    assert fault == ("a.png", "the masks are of a picture of 9 x 6 pixels, the image here has 8 x 6")


def test_paths_below_a_later_folder_are_found_unless_two_have_them(here, tmp_path):
    make_image(tmp_path / "more" / "only.png", seed=7)
    make_image(tmp_path / "more" / "c.png", seed=8)
    make_image(tmp_path / "third" / "only.png", seed=9)
    ingest.import_folder(here, tmp_path / "more")
    path = coco(tmp_path, [(1, WIDE, "cat", {})], images=("only.png",))
    assert bring(here, path).images == 1
    ingest.import_folder(here, tmp_path / "third")
    assert bring(here, path).unmatched == [("only.png", "several folders have an image of this path")]


def test_each_mask_that_cannot_be_read_is_named_and_the_rest_arrives(here, tmp_path):
    path = coco(
        tmp_path, [(1, WIDE, "cat", {}), (1, FAR, "cat", {}), (1, FAR & WIDE, "cat", {}), (1, FAR, "x" * 101, {})]
    )
    file = json.loads(path.read_text())
    file["annotations"][1]["segmentation"]["counts"] = [1, 2]
    path.write_text(json.dumps(file))
    report = bring(here, path)
    assert report.added == 1
    assert [image for image, _ in report.faults] == ["a.png"] * 3
    assert "annotation 2: RLE counts sum to 3" in report.faults[0][1]


def test_damaged_files_change_nothing(here, tmp_path):
    path = coco(tmp_path, [(1, WIDE, "cat", {})])
    file = json.loads(path.read_text())
    file["annotations"].append({"id": 2, "image_id": 77})
    path.write_text(json.dumps(file))
    with pytest.raises(FormatError, match="annotations of images that it does not list"):
        bring(here, path)
    assert masks_of(here) == []
    with pytest.raises(FormatError, match="unknown format 'x'"):
        annotation_import.import_annotations(here, path, ImportRequest("x"))
    with pytest.raises(FormatError, match=r"other\.json holds no images of the format YOLO segmentation"):
        annotation_import.import_annotations(here, path, ImportRequest("yolo"))


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    """A folder with a workspace of three images and the names cat and dog, to be copied."""
    folder = tmp_path_factory.mktemp("template")
    ws = Workspace.open(folder / "workspace")
    ingest.import_folder(ws, make_folder(folder / "photos"))
    for name in ("cat", "dog"):  # COCO results know categories by their ids alone
        categories.add(ws, name)
    ws.close()
    return folder / "workspace"


@pytest.mark.parametrize("name", [name for name, format_ in FORMATS.items() if format_.reads])
def test_every_format_carries_masks_from_one_workspace_to_another(template, tmp_path, name):
    first, second = (Workspace.open(shutil.copytree(template, tmp_path / each)) for each in ("first", "second"))
    with closing(first), closing(second):
        rows = [(1, WIDE, "cat", {}), (1, FAR, "object", {}), (2, NEAR, "dog", {})]
        bring(first, coco(tmp_path, rows, ("a.png", "b.png")))
        out = tmp_path / f"out{FORMATS[name].suffix}"
        assert export.write(first, ExportRequest(name), out).annotations == 3
        found = annotation_import.import_annotations(second, out, ImportRequest(name))
        assert (found.added, found.unmatched, found.faults, found.conflicts) == (3, [], [], [])
        for image_id in (1, 2, 3):
            assert masks_of(second, image_id) == masks_of(first, image_id)
        again = annotation_import.import_annotations(second, out, ImportRequest(name))
        assert (again.added, again.changed, again.known) == (0, 0, 3)

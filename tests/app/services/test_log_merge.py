"""The decision log leaves a workspace and comes into another one of the same images."""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from app.errors import LogError
from app.services import categories, ingest, log_export, log_merge, review
from app.services.review import Operation
from app.services.workspace import Workspace
from freesolo.codecs import coco_rle
from tests.app.helpers import add_masks, make_folder, make_image, new_instances

SIZE = (6, 8)


def rle(*pixels):
    """A mask of an image of 8 x 6 pixels that holds these (row, column)."""
    mask = np.zeros(SIZE, bool)
    for pixel in pixels:
        mask[pixel] = True
    return coco_rle.encode(mask).decode()


class Team:
    """Copies of one workspace of three images with three masks each, at ``folder/NAME``."""

    def __init__(self, folder):
        self.folder = folder
        self.opened = []
        base = Workspace.open(folder / "base")
        ingest.import_folder(base, make_folder(folder / "photos"))
        self.masks = {image_id: add_masks(base, image_id) for image_id in (1, 2, 3)}
        categories.add(base, "cat")
        base.close()

    def copy(self, name, of="base"):
        """Another person's copy; a closed workspace's folder is the workspace."""
        shutil.rmtree(self.folder / name, ignore_errors=True)
        shutil.copytree(self.folder / of, self.folder / name)
        return self.open(name)

    def open(self, name):
        workspace = Workspace.open(self.folder / name)
        self.opened.append(workspace)
        return workspace

    def close(self):
        for workspace in self.opened:
            workspace.close()
        self.opened = []


@pytest.fixture
def team(tmp_path):
    made = Team(tmp_path)
    yield made
    made.close()


counter = iter(range(10**9))


def act(ws, who, action="state", image=1, mask=None, **more):
    """One operation on what the mask is now."""
    with ws.store.read() as tx:
        found = tx.instances.get([mask])[mask] if mask else None
    key = f"{who}-{next(counter)}"
    revision = found.revision if found else None
    operation = Operation(key, image, key, action, instance_id=mask, revision=revision, **more)
    outcome = review.apply(ws, who, [operation])
    assert outcome.conflicts == []
    return outcome


def state(ws):
    """All that people decide, in terms that hold in every workspace."""
    names = {each.id: each.name for each in categories.list_all(ws)}
    found = {}
    for image_id in (1, 2, 3):
        opened = review.load(ws, image_id)
        masks = sorted((mask.counts, mask.state, names.get(mask.category_id), mask.edited) for mask in opened.instances)
        found[opened.image.content_hash] = (opened.image.closed, opened.image.status, masks)
    return found


def exported(ws, path):
    log_export.export(ws, path)
    return path


def sample(ws, masks, who="ann"):
    """Some of everything."""
    first, second, third = masks[1]
    act(ws, who, mask=first, state="accepted")
    act(ws, who, mask=second, state="rejected")
    act(ws, who, "category", mask=first, category_id=2)
    act(ws, who, "edit", mask=third, counts=rle((3, 3), (3, 4)))
    act(ws, who, "create", image=2, counts=rle((5, 5), (5, 6), (4, 5)))
    act(ws, who, "delete", image=2, mask=masks[2][0])
    act(ws, who, mask=masks[2][1], image=2, state="unsure")
    review.undo(ws, who)
    act(ws, who, "finish", image=3)


def test_a_log_brings_a_copy_without_decisions_to_the_same_states(team):
    ann, fresh = team.copy("ann"), team.copy("fresh")
    sample(ann, team.masks)
    log = exported(ann, team.folder / "ann.jsonl")
    report = log_merge.merge(fresh, log)
    assert state(fresh) == state(ann)
    assert (report.people, report.known, report.conflicts) == (["ann"], 0, [])
    assert (report.images_missing, report.masks_missing, report.drawn, report.finished) == ([], 0, 1, 1)
    with fresh.store.read() as tx:
        rows = list(tx.decisions.all())
    assert {row.who for row in rows} == {"ann"}
    assert review.undo(fresh, "ann") is None, "what was merged is no step of anybody here"


def test_merging_again_changes_nothing(team):
    ann, fresh = team.copy("ann"), team.copy("fresh")
    sample(ann, team.masks)
    log = exported(ann, team.folder / "ann.jsonl")
    first = log_merge.merge(fresh, log)
    before = exported(fresh, team.folder / "fresh.jsonl").read_bytes()
    again = log_merge.merge(fresh, log)
    assert (again.known, again.taken, again.masks, again.drawn) == (first.taken, 0, 0, 0)
    assert exported(fresh, team.folder / "again.jsonl").read_bytes() == before


def test_a_log_merges_into_where_it_came_from_without_a_change(team):
    ann = team.copy("ann")
    sample(ann, team.masks)
    before = state(ann)
    report = log_merge.merge(ann, exported(ann, team.folder / "ann.jsonl"))
    assert (report.taken, report.known) == (0, report.decisions)
    assert state(ann) == before


def test_a_dry_run_tells_the_same_and_does_nothing(team):
    ann, fresh = team.copy("ann"), team.copy("fresh")
    sample(ann, team.masks)
    log = exported(ann, team.folder / "ann.jsonl")
    before = state(fresh)
    dry = log_merge.merge(fresh, log, dry_run=True)
    assert state(fresh) == before
    assert log_merge.merge(fresh, log) == dry


def test_what_was_decided_here_stays_and_the_conflict_is_told(team):
    ann, bo = team.copy("ann"), team.copy("bo")
    mask = team.masks[1][0]
    act(ann, "ann", mask=mask, state="accepted")
    act(bo, "bo", mask=mask, state="rejected")
    act(bo, "bo", mask=team.masks[1][1], state="rejected")
    log = exported(bo, team.folder / "bo.jsonl")
    for _ in range(2):  # told again as long as it stands
        report = log_merge.merge(ann, log)
        (conflict,) = report.conflicts
        assert (conflict.image, conflict.instance_id, conflict.ours, conflict.theirs) == (
            "a.png",
            mask,
            "accepted",
            "rejected",
        )
        assert (conflict.who, conflict.kept) == ("bo", "ours")
        assert [each.state for each in review.load(ann, 1).instances] == ["accepted", "rejected", "pending"]
    assert log_merge.merge(ann, log, theirs=True).conflicts[0].kept == "theirs"
    assert review.load(ann, 1).instances[0].state == "rejected"
    assert log_merge.merge(ann, log).conflicts == []


def test_who_went_on_from_the_others_decision_is_no_conflict(team):
    ann = team.copy("ann")
    mask = team.masks[1][0]
    act(ann, "ann", mask=mask, state="accepted")
    team.close()
    ann, bo = team.open("ann"), team.copy("bo", of="ann")
    act(bo, "bo", mask=mask, state="rejected")
    assert log_merge.merge(ann, exported(bo, team.folder / "bo.jsonl")).conflicts == []
    assert review.load(ann, 1).instances[0].state == "rejected"
    assert log_merge.merge(bo, exported(ann, team.folder / "ann.jsonl")).taken == 0


def test_name_and_state_of_one_mask_by_two_people_both_count(team):
    ann, bo = team.copy("ann"), team.copy("bo")
    mask = team.masks[1][0]
    act(ann, "ann", mask=mask, state="accepted")
    other = categories.add(bo, "dog")
    act(bo, "bo", "category", mask=mask, category_id=other.id)
    report = log_merge.merge(ann, exported(bo, team.folder / "bo.jsonl"))
    assert report.conflicts == []
    merged = review.load(ann, 1).instances[0]
    names = {each.id: each.name for each in categories.list_all(ann)}
    assert (merged.state, names[merged.category_id]) == ("accepted", "dog")


def test_an_undone_decision_is_none(team):
    ann, bo = team.copy("ann"), team.copy("bo")
    mask = team.masks[1][0]
    act(ann, "ann", mask=mask, state="accepted")
    review.undo(ann, "ann")
    act(bo, "bo", mask=mask, state="rejected")
    report = log_merge.merge(ann, exported(bo, team.folder / "bo.jsonl"))
    assert report.conflicts == []
    assert review.load(ann, 1).instances[0].state == "rejected"


def test_their_version_takes_back_what_goes_beyond_it(team):
    ann, bo = team.copy("ann"), team.copy("bo")
    mask = team.masks[1][0]
    before = review.load(ann, 1).instances[0].counts
    act(ann, "ann", "edit", mask=mask, counts=rle((1, 1)))
    act(bo, "bo", mask=mask, state="rejected")
    log = exported(bo, team.folder / "bo.jsonl")
    log_merge.merge(ann, log, theirs=True)
    merged = next(each for each in review.load(ann, 1).instances if each.id == mask)
    assert (merged.counts, merged.state, merged.edited) == (before, "rejected", False)
    assert log_merge.merge(ann, log).taken == 0


def test_other_workspaces_with_other_ids_match_by_content(team, tmp_path):
    """The images come in another order and under other names, the masks from another run."""
    ann = team.copy("ann")
    act(ann, "ann", mask=team.masks[2][1], image=2, state="accepted")
    act(ann, "ann", mask=team.masks[1][2], state="rejected")
    make_image(tmp_path / "elsewhere" / "zero.png", seed=77)
    for old, new in (("c.png", "one.png"), ("b.png", "two.png")):
        shutil.copy(tmp_path / "photos" / old, tmp_path / "elsewhere" / new)
    other = Workspace.open(tmp_path / "other")
    ingest.import_folder(other, tmp_path / "elsewhere")
    for image_id in (1, 2, 3):
        add_masks(other, image_id)
    report = log_merge.merge(other, exported(ann, team.folder / "ann.jsonl"))
    assert report.images_missing == ["a.png"]
    assert report.masks == 1
    with other.store.read() as tx:
        (image,) = tx.images.by_hash([review.load(ann, 2).image.content_hash]).values()
    assert [mask.state for mask in review.load(other, image[0].id).instances] == ["pending", "accepted", "pending"]
    other.close()


@pytest.mark.parametrize(("missing", "matches"), [(1, True), (3, False)])
def test_masks_of_another_proposer_match_by_overlap(team, missing, matches):
    """20 pixels against 19 of them (IoU 0.95) and 17 (0.85)."""
    ann, bo = team.copy("ann"), team.copy("bo")
    block = np.zeros((1, *SIZE), bool)
    block[0, 1:6, 2:6] = True
    for ws, cut in ((ann, 0), (bo, missing)):
        pixels = block.copy()
        pixels[0, 1, 2 : 2 + cut] = False
        with ws.store.write() as tx:
            tx.instances.add_many(1, "other@1", new_instances(pixels, [0.2]))
            tx.images.refresh([1])
    mask = review.load(ann, 1).instances[-1].id
    act(ann, "ann", mask=mask, state="accepted")
    report = log_merge.merge(bo, exported(ann, team.folder / "ann.jsonl"))
    assert review.load(bo, 1).instances[-1].state == ("accepted" if matches else "pending")
    assert report.masks_missing == (0 if matches else 1)


def test_masks_of_a_replaced_picture_stay_behind(team):
    ann = team.copy("ann")
    act(ann, "ann", mask=team.masks[1][0], state="accepted")
    with ann.store.write() as tx:
        tx.instances.hide_all(1)
    report = log_export.export(ann, team.folder / "ann.jsonl")
    assert (report.masks, report.decisions) == (0, 0)


# Files

TEXT = "no decision log"


def damaged(text, change):
    lines = text.splitlines(keepends=True)
    change(lines)
    return "".join(lines)


def edited(place, **values):
    def change(lines):
        lines[place] = json.dumps({**json.loads(lines[place]), **values}) + "\n"

    return change


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda lines: lines.clear(), TEXT),
        (lambda lines: lines.__setitem__(0, "hello\n"), TEXT),
        (lambda lines: lines.__setitem__(0, "[1]\n"), TEXT),
        (lambda lines: lines.__setitem__(0, '{"images": []}\n'), TEXT),
        (edited(0, version=2), "newer version"),
        (edited(0, masks=-1), "line 1"),
        (lambda lines: lines.pop(), "cut off"),
        (lambda lines: lines.__setitem__(-1, lines[-1][:20]), "line"),
        (edited(1, counts="01"), "pixels"),
        (edited(1, counts="\u00e9"), "RLE counts"),
        (edited(1, image=99), "an image that the file does not have"),
        (edited(-1, image=99), "does not have"),
        (edited(-1, action="explode"), "action"),
        (edited(-1, key=""), "key"),
        (edited(4, after={"state": "liked"}), "state"),
        (edited(4, after={"category_id": 77}), "category 77"),
        (edited(4, mask=77), "does not have"),
    ],
)
def test_damaged_files_are_refused_with_a_sentence(team, change, sentence):
    ann, fresh = team.copy("ann"), team.copy("fresh")
    act(ann, "ann", mask=team.masks[1][0], state="accepted")
    act(ann, "ann", "edit", mask=team.masks[1][1], counts=rle((1, 1)))
    act(ann, "ann", "delete", mask=team.masks[1][2])
    path = exported(ann, team.folder / "ann.jsonl")
    path.write_text(damaged(path.read_text(), change), "utf-8")
    before = state(fresh)
    with pytest.raises(LogError, match=sentence):
        log_merge.merge(fresh, path)
    assert state(fresh) == before


def test_other_files_are_refused(team, tmp_path):
    fresh = team.copy("fresh")
    for content in (b"\x89PNG\r\n\x1a\n\x00\xff", b"\xff" * 100, b'{"log": 1}'):
        (tmp_path / "x").write_bytes(content)
        with pytest.raises(LogError, match=TEXT):
            log_merge.merge(fresh, tmp_path / "x")
    with pytest.raises(LogError, match="cannot be read"):
        log_merge.merge(fresh, tmp_path / "missing")
    with pytest.raises(LogError, match="cannot be written"):
        log_export.export(fresh, tmp_path / "missing" / "x.jsonl")


# Laws

OPERATION = st.tuples(
    st.sampled_from(["state", "category", "edit", "create", "delete", "finish", "undo"]),
    st.integers(1, 2),
    st.integers(0, 2),
    st.sampled_from(["pending", "accepted", "rejected", "unsure"]),
    st.sampled_from([(2, 2), (3, 3), (4, 4)]),
)


def perform(ws, who, masks, operations):
    for action, image, place, wanted, pixel in operations:
        mask = masks[image][place]
        if action == "undo":
            review.undo(ws, who)
            continue
        if action in ("state", "category", "edit", "delete") and mask not in {
            each.id for each in review.load(ws, image).instances
        }:
            continue
        more = {
            "state": {"state": wanted},
            "category": {"category_id": 2},
            "edit": {"counts": rle(pixel), "state": wanted},
            "create": {"counts": rle(pixel, (0, 7), (1, 7)), "state": wanted},
        }.get(action, {})
        act(ws, who, action, image=image, mask=None if action in ("create", "finish") else mask, **more)


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    return SimpleNamespace(team=Team(tmp_path_factory.mktemp("lab")))


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(  # both end rejected, and one of them edited it, too
    first=[("edit", 1, 0, "rejected", (2, 2))], second=[("state", 1, 0, "rejected", (2, 2))]
)
@given(first=st.lists(OPERATION, max_size=6), second=st.lists(OPERATION, max_size=6))
def test_two_logs_merge_in_either_order_to_the_same_states(lab, first, second):
    team = lab.team
    logs = []
    for who, operations in (("ann", first), ("bo", second)):
        ws = team.copy(who)
        perform(ws, who, team.masks, operations)
        logs.append(exported(ws, team.folder / f"{who}.jsonl"))
        alone = team.copy("alone")
        assert log_merge.merge(alone, logs[-1]).conflicts == []
        assert state(alone) == state(ws)
    one, other = team.copy("one"), team.copy("other")
    for log in logs:
        log_merge.merge(one, log)
    for log in reversed(logs):
        log_merge.merge(other, log)
    assert state(one) == state(other)
    before = state(one)
    for log in logs:
        assert log_merge.merge(one, log).masks == 0
    assert state(one) == before
    team.close()

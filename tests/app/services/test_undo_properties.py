"""Any sequence of decisions, undos and redos: undone it is as it began, and the log tells how it came about."""

import itertools
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.services import categories, ingest, review
from app.services.review import Operation
from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES
from tests.app.helpers import add_masks, make_folder

MASKS = 3
IMAGES = (1, 2)
ANY_MASK = st.integers(1, MASKS * len(IMAGES))


def facts(ws):
    """Everything that people can change, without revisions, which only rise."""
    found = {}
    for image_id in IMAGES:
        opened = review.load(ws, image_id)
        found[image_id] = (opened.image.closed, opened.image.status)
        found.update({("mask", i.id): (i.state, i.category_id) for i in opened.instances})
    return found


def replay(ws):
    """What the log makes of untouched proposals: {mask id: (state, category)}, {image id: closed}."""
    masks = {mask: {"state": "pending", "category_id": None} for mask in range(1, MASKS * len(IMAGES) + 1)}
    images = {image: {"closed": None} for image in IMAGES}
    with ws.store.read() as tx:
        for row in tx.decisions.all():
            target = images[row.image_id] if row.instance_id is None else masks[row.instance_id]
            assert {name: target[name] for name in row.before} == row.before
            target.update(row.after)
    return masks, images


class Reviewing(RuleBasedStateMachine):
    @initialize()
    def begin(self):
        self.folder = Path(tempfile.mkdtemp())
        self.ws = Workspace.open(self.folder / "workspace")
        ingest.import_folder(self.ws, make_folder(self.folder / "photos", ("a.png", "b.png")))
        for image_id in IMAGES:
            add_masks(self.ws, image_id, MASKS)
        categories.add(self.ws, "cat")
        self.keys = itertools.count()
        self.past, self.future = [], []
        self.now = facts(self.ws)

    def teardown(self):
        if hasattr(self, "ws"):
            last, start = self.now, (self.past or [self.now])[0]
            while review.undo(self.ws, "me"):
                pass
            assert facts(self.ws) == start
            while review.redo(self.ws, "me"):
                pass
            assert facts(self.ws) == (self.future[0] if self.future else last)
            self.ws.close()
            shutil.rmtree(self.folder)

    @rule(
        picks=st.lists(st.tuples(ANY_MASK, st.sampled_from(INSTANCE_STATES)), min_size=1, max_size=4),
        repeat=st.booleans(),
    )
    def decide(self, picks, repeat):
        revisions = {i.id: i.revision for image in IMAGES for i in review.load(self.ws, image).instances}
        operations, group = [], f"g{next(self.keys)}"
        for mask, state in picks:
            image = 1 + (mask - 1) // MASKS
            operations.append(Operation(f"k{next(self.keys)}", image, group, "state", mask, revisions[mask], state))
            revisions[mask] += 1
        self.save(operations, repeat)

    @rule(mask=ANY_MASK, category=st.sampled_from([None, 1, 2]))
    def name(self, mask, category):
        image = 1 + (mask - 1) // MASKS
        revision = next(i.revision for i in review.load(self.ws, image).instances if i.id == mask)
        number = next(self.keys)
        self.save(
            [Operation(f"k{number}", image, f"g{number}", "category", mask, revision, category_id=category)], False
        )

    @rule(image=st.sampled_from(IMAGES), action=st.sampled_from(["finish", "reopen"]))
    def close(self, image, action):
        number = next(self.keys)
        self.save([Operation(f"k{number}", image, f"g{number}", action)], False)

    def save(self, operations, repeat):
        outcome = review.apply(self.ws, "me", operations)
        assert not outcome.conflicts
        if repeat:
            assert review.apply(self.ws, "me", operations).saved == outcome.saved
        self.past.append(self.now)
        self.future.clear()
        self.now = facts(self.ws)

    @rule()
    def undo(self):
        assert (review.undo(self.ws, "me") is None) == (not self.past)
        if self.past:
            self.future.append(self.now)
            self.now = self.past.pop()

    @rule()
    def redo(self):
        assert (review.redo(self.ws, "me") is None) == (not self.future)
        if self.future:
            self.past.append(self.now)
            self.now = self.future.pop()

    @precondition(lambda self: self.past)
    @rule()
    def restart(self):
        self.ws.close()
        self.ws = Workspace.open(self.folder / "workspace")

    @invariant()
    def the_store_is_as_expected(self):
        if hasattr(self, "ws"):
            assert facts(self.ws) == self.now

    @invariant()
    def the_log_reproduces_the_store(self):
        if hasattr(self, "ws"):
            masks, images = replay(self.ws)
            for image in IMAGES:
                opened = review.load(self.ws, image)
                assert images[image]["closed"] == opened.image.closed
                assert {i.id: (i.state, i.category_id) for i in opened.instances} == {
                    i.id: (masks[i.id]["state"], masks[i.id]["category_id"]) for i in opened.instances
                }

    @invariant()
    def counters_equal_the_masks(self):
        if hasattr(self, "ws"):
            for image in IMAGES:
                opened = review.load(self.ws, image)
                for state in INSTANCE_STATES:
                    assert getattr(opened.image, state) == sum(i.state == state for i in opened.instances)


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)

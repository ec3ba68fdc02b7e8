"""Any sequence of decisions, edits, creations, deletions, undos and redos: undone it is as it began, and the log tells how."""

import itertools
import shutil
import tempfile
from pathlib import Path

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from app.services import categories, ingest, review
from app.services.review import Operation
from app.services.workspace import Workspace
from app.store.records import INSTANCE_STATES
from freesolo.codecs import coco_rle
from tests.app.helpers import add_masks, make_folder

MASKS = 3
IMAGES = (1, 2)
ANY = st.integers(0, 10_000)
"""Picks one of the masks that there are."""
ANY_PIXELS = st.integers(1, 2**48 - 1)
"""The pixels of an image of 8 x 6, as bits."""
FACTS = ("state", "category_id", "counts", "bbox", "area", "edited", "score", "source")


def drawing(bits):
    """Compressed counts of the pixels whose bits are set."""
    return coco_rle.encode(np.array([bits >> bit & 1 for bit in range(48)]).reshape(6, 8)).decode()


def fact(instance):
    """What people can change of a mask, as the log writes it."""
    values = {name: getattr(instance, name) for name in FACTS}
    return {**values, "bbox": list(instance.bbox)}


def facts(ws):
    """Everything that people can change, without revisions, which only rise."""
    found = {}
    for image_id in IMAGES:
        opened = review.load(ws, image_id)
        found[image_id] = (opened.image.closed, opened.image.status)
        found.update({("mask", i.id): fact(i) for i in opened.instances})
    return found


def replay(ws, proposals):
    """What the log makes of untouched proposals: {mask id: facts}, {image id: closed}."""
    masks = {mask: {**values, "deleted": False} for mask, values in proposals.items()}
    images = {image: {"closed": None} for image in IMAGES}
    with ws.store.read() as tx:
        for row in tx.decisions.all():
            mask = masks.setdefault(row.instance_id, {"deleted": True})
            target = images[row.image_id] if row.instance_id is None else mask
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
        self.proposals = {i.id: fact(i) for image in IMAGES for i in review.load(self.ws, image).instances}
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

    def mask(self, pick):
        """One of the masks on the images, or None."""
        masks = [i for image in IMAGES for i in review.load(self.ws, image).instances]
        return masks[pick % len(masks)] if masks else None

    @rule(
        picks=st.lists(st.tuples(ANY, st.sampled_from(INSTANCE_STATES)), min_size=1, max_size=4), repeat=st.booleans()
    )
    def decide(self, picks, repeat):
        revisions, operations, group = {}, [], f"g{next(self.keys)}"
        for pick, state in picks:
            mask = self.mask(pick)
            if mask is None:
                return
            revision = revisions.get(mask.id, mask.revision)
            key = f"k{next(self.keys)}"
            operations.append(Operation(key, mask.image_id, group, "state", mask.id, revision, state))
            revisions[mask.id] = revision + 1
        self.save(operations, repeat)

    @rule(pick=ANY, category=st.sampled_from([None, 1, 2]))
    def name(self, pick, category):
        self.change("category", pick, category_id=category)

    @rule(pick=ANY, bits=ANY_PIXELS, state=st.sampled_from([None, *INSTANCE_STATES]))
    def edit(self, pick, bits, state):
        self.change("edit", pick, counts=drawing(bits), state=state)

    @rule(pick=ANY)
    def delete(self, pick):
        self.change("delete", pick)

    def change(self, action, pick, **values):
        mask, number = self.mask(pick), next(self.keys)
        if mask is not None:
            key = f"k{number}"
            self.save([Operation(key, mask.image_id, f"g{number}", action, mask.id, mask.revision, **values)], False)

    @rule(image=st.sampled_from(IMAGES), bits=st.lists(ANY_PIXELS, min_size=2, max_size=2), repeat=st.booleans())
    def create_and_go_on(self, image, bits, repeat):
        """A mask that is drawn, drawn over and named before its id is known, in one step."""
        first, second, third = (f"k{next(self.keys)}" for _ in range(3))
        made = Operation(first, image, first, "create", counts=drawing(bits[0]), category_id=1)
        again = Operation(second, image, first, "edit", revision=1, instance_key=first, counts=drawing(bits[1]))
        named = Operation(third, image, first, "category", revision=2, instance_key=first, category_id=2)
        self.save([made, again, named], repeat)

    @rule(pick=ANY, bits=ANY_PIXELS, number=st.integers(1, 3))
    def split(self, pick, bits, number):
        mask, group = self.mask(pick), f"g{next(self.keys)}"
        if mask is None:
            return
        image, drawn = mask.image_id, drawing(bits)
        parts = [
            Operation(f"k{next(self.keys)}", image, group, "create", counts=drawn, parent_id=mask.id)
            for _ in range(number)
        ]
        rest = Operation(f"k{next(self.keys)}", image, group, "edit", mask.id, mask.revision, counts=drawn)
        self.save([rest, *parts], False)

    @rule(first=ANY, second=ANY, bits=ANY_PIXELS)
    def merge(self, first, second, bits):
        kept, gone, group = self.mask(first), self.mask(second), f"g{next(self.keys)}"
        if kept is None or gone is None or gone.id == kept.id:
            return
        edit = Operation(
            f"k{next(self.keys)}", kept.image_id, group, "edit", kept.id, kept.revision, counts=drawing(bits)
        )
        delete = Operation(f"k{next(self.keys)}", gone.image_id, group, "delete", gone.id, gone.revision)
        self.save([edit, delete], False)

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
            masks, images = replay(self.ws, self.proposals)
            shown = {i.id: fact(i) for image in IMAGES for i in review.load(self.ws, image).instances}
            standing = {mask: values for mask, values in masks.items() if not values["deleted"]}
            assert shown == {mask: {name: values[name] for name in FACTS} for mask, values in standing.items()}
            for image in IMAGES:
                assert images[image]["closed"] == review.load(self.ws, image).image.closed

    @invariant()
    def counters_equal_the_masks(self):
        if hasattr(self, "ws"):
            for image in IMAGES:
                opened = review.load(self.ws, image)
                for state in INSTANCE_STATES:
                    assert getattr(opened.image, state) == sum(i.state == state for i in opened.instances)


TestReviewing = Reviewing.TestCase
TestReviewing.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)

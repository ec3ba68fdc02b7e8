"""Click to mask: what a person means who points at an image, from the merge trees of its proposals."""

import threading
from collections import OrderedDict
from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING

import numpy as np

from app.errors import ClickError, NotFoundError, ProposeError
from app.services import catalogue, child
from app.services.proposing import work_folder
from app.services.workspace import Workspace
from app.store.records import Image, Instance
from freesolo.errors import CodecError
from freesolo.images import read_image
from freesolo.instances import Instances
from trainers.records import Failure, Record

if TYPE_CHECKING:  # compiled loops: a second that only those wait for who click
    from freesolo.freemask.clicks import Answer, Box, Click, ClickMap

LIMIT = 256 * 2**20
"""Bytes that prepared images may take; one is about 10 MB."""

PROPOSER = "default"
"""Makes the merge trees where an image has none."""


class Clicker:
    """Answers clicks on the images of a workspace; keeps what it prepared for the latest ones. Safe to share between threads."""

    def __init__(self, workspace: Workspace, limit: int = LIMIT) -> None:
        """
        Args:
            workspace: open.
            limit: bytes that prepared images may take; the one at hand is always kept.
        """
        self._ws = workspace
        self._limit = limit
        self._lock = threading.Lock()
        self._ready: OrderedDict[tuple[int, str], ClickMap] = OrderedDict()
        self._doors: dict[int, threading.Lock] = {}
        self._making = threading.Lock()

    def prepare(self, image_id: int, *, make: bool = False) -> bool:
        """Have an image ready for its first click.

        Args:
            image_id: the image.
            make: find merge trees where there are none, which takes some seconds.

        Returns:
            Whether the image is ready now.

        Raises:
            NotFoundError: there is no such image, or its file is gone.
            ClickError: merge trees were wanted and cannot be made.
        """
        return self._map(catalogue.image(self._ws, image_id), make=make) is not None

    def click(
        self,
        image_id: int,
        clicks: "Sequence[Click]",
        base: str | None = None,
        instance_id: int | None = None,
        box: "Box | None" = None,
    ) -> "Answer":
        """Masks that the clicks, or a box, can mean, best guess first. Makes merge trees where there are none.

        Args:
            image_id: the image.
            clicks: in their order, pixels of the upright image.
            base: compressed RLE counts of the mask that the last click corrects, as an earlier answer gave them, or None.
            instance_id: the mask that the first click corrects, where there is neither base nor box.
            box: around the object, drawn before the clicks.

        Raises:
            NotFoundError: there is no such image or mask, or the image's file is gone.
            ClickError: the clicks and the box say nothing, the base is no mask of the image, or merge trees cannot be made.
        """
        from freesolo.freemask.clicks import answer

        image = catalogue.image(self._ws, image_id)
        where = self._map(image, make=True)
        assert where is not None  # it was made, or an error raised
        with self._ws.store.read() as tx:
            masks = tx.instances.of_image(image_id)
        start = base.encode("ascii", "replace") if base is not None else None
        if base is None and box is None:
            start = _counts(masks, instance_id)
        try:
            return answer(where, clicks, start, _proposals(image, masks, instance_id), box)
        except (ValueError, CodecError) as error:
            raise ClickError(f"these clicks make no mask of {image.name}: {error}") from error

    def _map(self, image: Image, *, make: bool) -> "ClickMap | None":
        with self._lock:
            door = self._doors.setdefault(image.id, threading.Lock())
        with door:  # of two who ask at once one does the work
            key = (image.id, image.content_hash)
            with self._lock:
                known = self._ready.get(key)
                if known is not None:
                    self._ready.move_to_end(key)
                    return known
            found = self._load(image) or (self._made(image) if make else None)
            if found is not None:
                self._keep(key, found)
            return found

    def _keep(self, key: tuple[int, str], found: "ClickMap") -> None:
        with self._lock:
            self._ready[key] = found
            while len(self._ready) > 1 and sum(each.nbytes for each in self._ready.values()) > self._limit:
                self._ready.popitem(last=False)

    def _load(self, image: Image) -> "ClickMap | None":
        """From the workspace's file; None where there is none that can be used."""
        if image.hierarchy is None:
            return None
        from freesolo.freemask.clicks import ClickMap
        from freesolo.freemask.hierarchy import RegionHierarchy

        try:
            hierarchy = RegionHierarchy.from_bytes((self._ws.hierarchies / image.hierarchy).read_bytes())
        except (OSError, CodecError):
            return None  # lost or damaged: it can be made again
        if hierarchy.size != (image.height, image.width):
            return None
        original = catalogue.file_of(self._ws, image)
        if not original.is_file():
            raise NotFoundError(f"the file of {image.name} is gone from {original.parent}: put it back there")
        return ClickMap(hierarchy, read_image(original).pixels)

    def _made(self, image: Image) -> "ClickMap":
        """By a proposer's process; the image's masks stay as they are."""
        if image.error:
            raise ClickError(f"{image.name} cannot be read: {image.error}")
        with self._making:
            name = self._run(image)
        with self._ws.store.write() as tx:
            tx.images.change(image.id, hierarchy=name)
        found = self._load(catalogue.image(self._ws, image.id))
        if found is None:
            raise ClickError(
                f"clicks cannot be prepared for {image.name}: import its folder again, the file has changed"
            )
        return found

    def _run(self, image: Image) -> str:
        """Name of the new file of merge trees."""
        original = catalogue.file_of(self._ws, image)
        results: list[Record | Failure] = []
        try:
            self._ws.hierarchies.mkdir(exist_ok=True)
            with work_folder(self._ws) as folder:
                files = [(str(image.id), original)]
                with closing(child.propose(files, folder, PROPOSER, self._ws.hierarchies, lambda: False)) as reports:
                    for report in reports:
                        results += report.results
        except OSError as error:
            raise ClickError(f"clicks cannot be prepared in {self._ws.path}: {error.strerror}") from error
        except ProposeError as error:
            raise ClickError(f"clicks cannot be prepared for {image.name}: {error}") from error
        result = results[0] if results else None
        if isinstance(result, Failure):
            raise ClickError(f"clicks cannot be prepared for {image.name}: {child.reason(result)}")
        if result is None or result.hierarchy is None:
            raise ClickError(f"clicks cannot be prepared for {image.name}: the proposer {PROPOSER!r} gave no regions")
        return result.hierarchy


def _counts(masks: Sequence[Instance], instance_id: int | None) -> bytes | None:
    if instance_id is None:
        return None
    for mask in masks:
        if mask.id == instance_id:
            return mask.counts.encode("ascii")
    raise NotFoundError(f"mask {instance_id} is no longer on this image")


def _proposals(image: Image, masks: Sequence[Instance], instance_id: int | None) -> Instances | None:
    """The image's masks that a click can mean: not those a person rejected, nor the one at hand."""
    others = [mask for mask in masks if mask.state != "rejected" and mask.id != instance_id]
    if not others:
        return None
    codes = [mask.counts.encode("ascii") for mask in others]
    scores = np.array([mask.score for mask in others], np.float32)
    return Instances.from_counts((image.height, image.width), codes, scores)

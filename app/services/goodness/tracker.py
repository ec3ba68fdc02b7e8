"""Estimates of a workspace's masks, kept in memory and brought up to date in a thread."""

import logging
import threading
import time
from collections.abc import Collection
from dataclasses import dataclass
from weakref import WeakKeyDictionary

import numpy as np
import numpy.typing as npt

from app.errors import StoreError
from app.services.goodness import model
from app.services.workspace import Workspace

_PAUSE = 3.0
"""Seconds between the end of one computation and the start of the next, at least."""
_SHARE = 10
"""The pause is so many times the computation's own time, if that is longer."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class Estimates:
    """P(good) of every mask there was at a moment."""

    position: tuple[int, int]
    """Of the log and the masks; see `MaskColumns.position`."""
    ids: npt.NDArray[np.int64]
    """Ascending."""
    image_ids: npt.NDArray[np.int64]
    p: npt.NDArray[np.float64]
    """In (0, 1), not rounded."""
    quality: model.Quality | None
    """None: not yet calibrated; the estimates are those of the score alone."""
    checked: model.Checked | None
    """What the quality was measured on."""

    @property
    def calibrated(self) -> bool:
        """Whether this project's decisions have been learnt from."""
        return self.quality is not None

    def of(self, ids: npt.NDArray[np.int64], scores: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """(n,) estimates; of a mask that is newer than these, that of its score."""
        found = model.prior(scores)
        if len(self.ids):
            places = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
            known = self.ids[places] == ids
            found[known] = self.p[places[known]]
        return found


NOTHING = (0, 0)
"""The position before anything was learnt, and of an empty workspace."""
_NOTHING = Estimates(NOTHING, np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0), None, None)


class Tracker:
    """Keeps one workspace's estimates. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._computing = threading.Lock()
        self._estimates = _NOTHING
        self._not_before = 0.0
        self._thread: threading.Thread | None = None

    def latest(self, ws: Workspace) -> Estimates:
        """What is known, at once; if decisions or masks have changed since, a thread begins to bring it up to date."""
        with ws.store.read() as tx:
            position = tx.columns.position()
        with self._lock:
            idle = self._thread is None or not self._thread.is_alive()
            if position != self._estimates.position and idle and time.monotonic() >= self._not_before:
                self._thread = threading.Thread(target=self._work, args=(ws,), name="goodness", daemon=True)
                self._thread.start()
            return self._estimates

    def current(self, ws: Workspace) -> Estimates:
        """What is known once everything that was decided before the call counts; may take seconds."""
        with self._computing:
            with ws.store.read() as tx:
                position = tx.columns.position()
            if position != self._estimates.position:
                started = time.monotonic()
                estimates = _compute(ws)
                with self._lock:
                    self._estimates = estimates
                    now = time.monotonic()
                    self._not_before = now + max(_PAUSE, _SHARE * (now - started))
            return self._estimates

    def _work(self, ws: Workspace) -> None:
        try:
            self.current(ws)
        except StoreError as error:  # the workspace was closed, or its disk is full: the next look tries again
            _log.warning("the estimates were not brought up to date: %s", error)


_trackers: "WeakKeyDictionary[Workspace, Tracker]" = WeakKeyDictionary()
_trackers_lock = threading.Lock()


def tracker_of(ws: Workspace) -> Tracker:
    """The one tracker of an open workspace."""
    with _trackers_lock:
        return _trackers.setdefault(ws, Tracker())


def learnt_without(ws: Workspace, image_ids: Collection[int]) -> Estimates:
    """P(good) of all masks, learnt from none of the decisions on these images; takes seconds, and is not kept."""
    return _compute(ws, image_ids)


def _compute(ws: Workspace, without: Collection[int] = ()) -> Estimates:
    with ws.store.read() as tx:
        position, table = tx.columns.position(), tx.columns.table()
        rows = model.judged(table, tx.columns.unseen(), tx.columns.people())
    rows = rows[~np.isin(table.image_ids[rows], list(without))]
    accepted = table.states[rows] == "accepted"
    fitted = model.fit(table, rows) if model.enough(accepted, table.image_ids[rows]) else None
    p = model.prior(table.scores) if fitted is None else fitted.p
    order = np.argsort(table.ids)
    return Estimates(
        position=position,
        ids=table.ids[order],
        image_ids=table.image_ids[order],
        p=p[order],
        quality=None if fitted is None else fitted.quality,
        checked=None if fitted is None else fitted.checked,
    )

"""P(good): how likely the person accepts a mask as it is, learnt from this project's own decisions.

    goodness.of_images(ws, [7, 8])   {instance id: p}, at once
    goodness.estimates(ws)           the same of all masks, as arrays
    goodness.summary(ws)             whether it is calibrated, how well, and what is missing
    goodness.bring_up_to_date(ws)    wait until all decisions count

Until there are enough decisions p comes from the score alone. Nothing here waits unless it is asked to: a thread learns
when decisions were made, and until it has, the answers are those from before.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from app.services.goodness.model import ENOUGH, IMAGES, Bin, Quality, prior
from app.services.goodness.tracker import NOTHING, Estimates, tracker_of
from app.services.workspace import Workspace

__all__ = ["Bin", "Estimates", "Quality", "Summary", "bring_up_to_date", "estimates", "of_images", "prior", "summary"]


@dataclass(frozen=True)
class Summary:
    """How far the estimates are to be trusted."""

    calibrated: bool
    quality: Quality | None
    """None while not calibrated."""
    accepted: int
    rejected: int
    sentence: str
    """For people: how good they are, or what is missing."""


def estimates(ws: Workspace, *, at_least_once: bool = False) -> Estimates:
    """P(good) of all masks as far as it is known now.

    Args:
        ws: the workspace.
        at_least_once: wait if nothing was learnt since the app started; a list in another order would be of no use.
    """
    tracker = tracker_of(ws)
    found = tracker.latest(ws)
    return tracker.current(ws) if at_least_once and found.position == NOTHING else found


def bring_up_to_date(ws: Workspace) -> Estimates:
    """P(good) of all masks with everything decided so far; may take seconds."""
    return tracker_of(ws).current(ws)


def of_images(ws: Workspace, image_ids: Sequence[int]) -> dict[int, float]:
    """P(good) of the masks of these images by id, in (0, 1)."""
    with ws.store.read() as tx:
        scores = tx.columns.scores(image_ids)
    ids = np.fromiter(scores.keys(), np.int64, len(scores))
    found = estimates(ws).of(ids, np.fromiter(scores.values(), np.float64, len(scores)))
    return dict(zip(ids.tolist(), found.tolist(), strict=True))


def summary(ws: Workspace) -> Summary:
    """Whether the estimates are calibrated, and how well."""
    with ws.store.read() as tx:
        counts = tx.images.by_state()
    accepted, rejected = counts["accepted"], counts["rejected"]
    quality = estimates(ws).quality
    if quality is None:
        sentence = (
            f"Not yet calibrated: {accepted} accepted and {rejected} rejected masks, at least {ENOUGH} of each on "
            f"{IMAGES} images are needed. Until then the order is that of the score."
        )
    else:
        sentence = (
            f"Calibrated on this project's decisions: estimates are off by {100 * quality.error:.1f} points on average "
            f"on images they were not learnt from; an accepted mask ranks above a rejected one in "
            f"{100 * quality.auc:.0f} of 100 cases (score alone: {100 * quality.prior_auc:.0f})."
        )
    return Summary(quality is not None, quality, accepted, rejected, sentence)

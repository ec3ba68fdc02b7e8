"""Two proposers on the same images, mask by mask: what the second finds that the first does not, loses, and outlines otherwise.

Only the first masks of each image are compared, as many as people go through; each of them with all masks of the other proposer. Against
people's decisions only images count that no training has seen.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from app.errors import SettingsError
from app.services import models
from app.services.counted import counted
from app.services.lineage import SAME, SAME_OBJECT
from app.services.training import decided
from app.services.training.decided import Judged
from app.services.training.judging import FIRST, found_by
from app.services.training.told import OnTold, Told
from app.services.workspace import Workspace
from app.store.records import Image
from freesolo.instances import Instances

IMAGES, MOST_IMAGES = 12, 200
BETTER = 0.05
"""IoU with an accepted mask has to rise by this for its outline to count as better."""
_SHOWN = 24
"""Images that differ, listed with their masks."""

Fate = Literal["same", "changed", "new", "lost"]


@dataclass(frozen=True)
class Tally:
    """Numbers of masks."""

    same: int = 0
    changed: int = 0
    """The same object in another outline."""
    new: int = 0
    lost: int = 0
    accepted: int = 0
    """Accepted by people, on images that no training has seen."""
    better: int = 0
    """Of those: outlined better by the second proposer, or found by it alone."""
    worse: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(*(getattr(self, each.name) + getattr(other, each.name) for each in fields(self)))

    @property
    def differing(self) -> int:
        """Masks that are not the same."""
        return self.changed + self.new + self.lost


@dataclass(frozen=True)
class Painted:
    """A mask to be looked at."""

    counts: str
    """Compressed COCO RLE."""
    fate: Fate


@dataclass(frozen=True)
class Difference:
    """One image that the proposers differ on."""

    image_id: int
    name: str
    version: str
    """Content hash of the picture."""
    width: int
    height: int
    tally: Tally
    before: list[Painted]
    after: list[Painted]


@dataclass(frozen=True)
class Comparison:
    """Of two proposers."""

    before: str
    after: str
    images: int
    total: Tally
    differences: list[Difference]
    """Those that differ most first; at most a screenful."""

    @property
    def sentence(self) -> str:
        """What came out, for people."""
        t = self.total
        said = (
            f"On {counted(self.images, 'image')}, the first {FIRST} masks of each: {self.after} finds {t.new} that "
            f"{self.before} does not, loses {t.lost}, outlines {t.changed} otherwise, and {t.same} are the same."
        )
        if not t.accepted:
            return f"{said} No image that training has not seen has an accepted mask, so which is better is for you to judge."
        return (
            f"{said} Of the {t.accepted} accepted masks on images that no training has seen it outlines {t.better} better and {t.worse} "
            "worse."
        )

    def as_json(self) -> dict[str, Any]:
        """For programs and the page."""
        return {**asdict(self), "sentence": self.sentence}


def required(ws: Workspace, before: object, after: object, images: object) -> None:
    """Raises SettingsError where these cannot be compared."""
    models.resolve(ws, before)
    models.resolve(ws, after)
    if before == after:
        raise SettingsError(f"{before} is the same as itself: choose two proposers")
    if not isinstance(images, int) or not 1 <= images <= MOST_IMAGES:
        raise SettingsError(f"{images} images cannot be compared: choose a number from 1 to {MOST_IMAGES}")


def chosen(ws: Workspace, most: int) -> list[int]:
    """Ids of images to compare on: half of them held-out ones where there are so many, else such as nobody has decided on."""
    parts = decided.parts(ws)
    held = [image.id for image in parts.held]
    fresh = [image.id for image in parts.undecided if not image.error]
    first = held[: most - min(len(fresh), most // 2)]
    number = min(len(fresh), most - len(first))
    spread = [fresh[place * len(fresh) // number] for place in range(number)]
    rest = [*spread, *held[len(first) :], *(image.id for image in parts.learnt)]
    return [*first, *rest][:most]


def compare(
    ws: Workspace,
    names: tuple[str, str],
    image_ids: Sequence[int],
    folder: Path,
    on_told: OnTold,
    cancelled: Callable[[], bool],
) -> Comparison | None:
    """Run both proposers and match their masks; None when stopped. The same call on the same folder goes on where it was.

    Args:
        ws: the workspace.
        names: of the proposers; the second is the one that is judged.
        image_ids: see `chosen`.
        folder: existing: for the processes' files.
        on_told: told of progress.
        cancelled: asked often.

    Raises:
        SettingsError: there is no such proposer.
        ProposeError: a proposer's process failed.
    """
    with ws.store.read() as tx:
        images = tx.images.of_ids(image_ids)
    found = []
    for place, name in enumerate(names):
        work = folder / ("before", "after")[place]
        work.mkdir(exist_ok=True)

        def tell(done: int, done_before: int = place * len(images), name: str = name) -> None:
            on_told(Told(f"proposing with {name}", done_before + done, 2 * len(images)))

        masks = found_by(ws, models.resolve(ws, name), images, work, cancelled, tell)
        if masks is None:
            return None
        found.append(masks)
    held = decided.judged(ws, [image for image in decided.reviewed(ws).held if image.id in set(image_ids)])
    return matched(names, images, found[0], found[1], held)


def matched(
    names: tuple[str, str],
    images: Sequence[Image],
    before: Mapping[int, Instances],
    after: Mapping[int, Instances],
    held: Mapping[int, Judged],
) -> Comparison:
    """What the masks of two proposers, best first, have to do with each other; images that one of them failed on are left out."""
    rows = [_of_image(image, before[image.id], after[image.id], held.get(image.id)) for image in images
            if image.id in before and image.id in after]  # fmt: skip
    total = sum((row.tally for row in rows), Tally())
    differing = sorted((row for row in rows if row.tally.differing), key=lambda row: -row.tally.differing)
    return Comparison(names[0], names[1], len(rows), total, differing[:_SHOWN])


def _of_image(image: Image, before: Instances, after: Instances, judged: Judged | None) -> Difference:
    iou = after.iou(before)  # (n, m)
    in_after = [_fate(value, "new") for value in _best(iou, 1)[:FIRST]]
    in_before = [_fate(value, "lost") for value in _best(iou, 0)[:FIRST]]
    better = worse = accepted = 0
    if judged is not None:
        kept = judged.masks[judged.is_accepted]
        gain = _best(after.iou(kept), 0) - _best(before.iou(kept), 0)
        accepted, better, worse = len(kept), int((gain >= BETTER).sum()), int((gain <= -BETTER).sum())
    tally = Tally(
        same=in_after.count("same"),
        changed=in_after.count("changed"),
        new=in_after.count("new"),
        lost=in_before.count("lost"),
        accepted=accepted,
        better=better,
        worse=worse,
    )
    painted = _painted(before, in_before), _painted(after, in_after)
    return Difference(image.id, image.name, image.content_hash, image.width, image.height, tally, *painted)


def _best(iou: npt.NDArray[np.floating], axis: int) -> npt.NDArray[np.floating]:
    """The best match of each mask along the other axis; 0 where there is nothing to match."""
    return iou.max(axis=axis) if iou.shape[axis] else np.zeros(iou.shape[1 - axis])


def _fate(value: float, alone: Fate) -> Fate:
    return "same" if value >= SAME else "changed" if value >= SAME_OBJECT else alone


def _painted(found: Instances, fates: Sequence[Fate]) -> list[Painted]:
    return [Painted(counts.decode("ascii"), fate) for counts, fate in zip(found.counts, fates, strict=False)]

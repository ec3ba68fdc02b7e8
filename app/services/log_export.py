"""Take the decision log along: to a colleague, or into a copy of the workspace."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import LogError
from app.files import replacing
from app.formats import decision_log
from app.formats.decision_log import LogCategory, LogDecision, LogHeader, LogImage, LogMask, LogValues
from app.services.workspace import Workspace
from app.store.images import CHUNK
from app.store.records import Decision, Instance
from app.store.transaction import Transaction

MERGED = "merged:"
"""Prefix of the groups of decisions that came from another workspace: no undo step of anybody here."""


@dataclass(frozen=True)
class LogReport:
    """What an exported log holds."""

    images: int
    masks: int
    decisions: int
    people: list[str]


def export(ws: Workspace, out: Path) -> LogReport:
    """Write the whole log: the file is replaced as a whole, or not at all.

    Raises:
        LogError: the file cannot be written.
    """
    with ws.store.read() as tx, _replaced(out) as stream:
        rows = list(tx.decisions.all())
        masks = _masks(tx, rows)
        rows = [row for row in rows if row.instance_id is None or row.instance_id in masks]
        images = tx.images.of_ids(sorted({row.image_id for row in rows}))
        header = LogHeader(
            log="freesolo-annotator",
            version=decision_log.VERSION,
            project=ws.project,
            images=[
                LogImage(id=image.id, hash=image.content_hash, name=image.name, width=image.width, height=image.height)
                for image in images
            ],
            categories=[LogCategory(id=each.id, name=each.name) for each in tx.categories.all()],
            masks=len(masks),
            decisions=len(rows),
        )
        decision_log.write_line(stream, header)
        for mask in masks.values():
            decision_log.write_line(stream, mask)
        for row in rows:
            decision_log.write_line(stream, _line(row))
    return LogReport(len(images), len(masks), len(rows), sorted({row.who for row in rows}))


def first_counts(rows: Iterable[Decision]) -> dict[int, str]:
    """Mask id -> its RLE before anybody edited it, of the masks whose pixels the log changes."""
    found: dict[int, str] = {}
    for row in rows:
        counts = row.before.get("counts") or row.after.get("counts")
        if row.instance_id is not None and counts:
            found.setdefault(row.instance_id, counts)
    return found


def put_away(mask: Instance, rows: Iterable[Decision]) -> bool:
    """Whether a mask went with the picture that it belonged to: deleted, but not by a person."""
    said = [row.after["deleted"] for row in rows if row.instance_id == mask.id and "deleted" in row.after]
    return mask.deleted and not (said and said[-1])


def _masks(tx: Transaction, rows: list[Decision]) -> dict[int, LogMask]:
    """The masks that the log speaks of, but for those of pictures that were replaced since."""
    by_mask: dict[int, list[Decision]] = {}
    for row in rows:
        if row.instance_id is not None:
            by_mask.setdefault(row.instance_id, []).append(row)
    first = first_counts(rows)
    ids = sorted(by_mask)
    found: dict[int, LogMask] = {}
    for start in range(0, len(ids), CHUNK):
        for mask in tx.instances.get(ids[start : start + CHUNK]).values():
            if not put_away(mask, by_mask[mask.id]):
                counts = first.get(mask.id, mask.counts)
                found[mask.id] = LogMask(mask=mask.id, image=mask.image_id, counts=counts, score=mask.score)
    return found


def _line(row: Decision) -> LogDecision:
    return LogDecision(
        key=row.key,
        at=row.at,
        who=row.who,
        group=row.group_id.removeprefix(MERGED),
        undoes=None if row.undoes is None else row.undoes.removeprefix(MERGED),
        action=row.action,
        image=row.image_id,
        mask=row.instance_id,
        before=_values(row.before),
        after=_values(row.after),
    )


def _values(values: dict[str, Any]) -> LogValues:
    """Without box and area, which follow from the pixels."""
    return LogValues(**{name: value for name, value in values.items() if name not in ("bbox", "area")})


@contextmanager
def _replaced(out: Path) -> Iterator[Any]:
    try:
        with replacing(out) as stream:
            yield stream
    except OSError as error:
        raise LogError(f"{out} cannot be written: {error.strerror or error}") from error

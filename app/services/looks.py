"""What an image looks like: a perceptual hash of its picture and the mean embedding of its best masks, kept in the database."""

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from app.errors import AppError
from app.services.pictures import thumbnail_file
from app.services.workspace import Workspace
from app.store.looks import Look
from app.store.records import Image
from app.store.transaction import Transaction
from freesolo.errors import FreeSoloError

BEST_MASKS = 10
"""Masks whose embeddings stand for the image: further ones are mostly background."""

UNGROUPED = "alike.due"
"""Key in the meta table, there while hashes are not compared yet (`app.services.duplicates`)."""

_SIDE = 8
"""Lowest frequencies of the hash, each way."""
_SMALL = 32
"""Pixels a side of the picture that is hashed."""
_BATCH = 100

MIRRORED = sum(1 << (row * _SIDE + column - 1) for row in range(_SIDE) for column in range(1, _SIDE, 2))
"""Bits that turn round when the picture is mirrored: the cosines of odd horizontal frequency."""


def perceptual_hash(picture: npt.NDArray[np.uint8]) -> int:
    """63 bits: the signs of the lowest frequencies of a gray picture, without its mean.

    Signs rather than comparisons with the median make the hash of the mirrored picture ``hash ^ MIRRORED``.

    Args:
        picture: (height, width) uint8.
    """
    small = cv2.resize(picture, (_SMALL, _SMALL), interpolation=cv2.INTER_AREA).astype(np.float32)
    low = cv2.dct(small)[:_SIDE, :_SIDE].ravel()[1:]  # without the brightness
    return sum(1 << bit for bit in np.flatnonzero(low > 0).tolist())


def refresh(ws: Workspace, stopped: Callable[[], bool] = lambda: False, *, embeddings: bool = False) -> int:
    """Look at every image that is new or changed, or has masks of another proposer; returns how many there were.

    Each batch is saved at once: an interrupted run goes on where it was.

    Args:
        ws: the workspace.
        stopped: asked between batches; once true the run ends.
        embeddings: only what needs no picture: a hundred times faster; the hashes follow with the next full run.
    """
    seen = 0
    while not stopped():
        with ws.store.read() as tx:
            images = tx.looks.stale(_BATCH, embeddings=embeddings)
            known = tx.looks.of_ids([image.id for image in images])
        if not images:
            break
        hashes = [_hash_of(ws, image, known.get(image.id), measure=not embeddings) for image in images]
        with ws.store.write() as tx:
            tx.looks.put([_look(tx, image, *value) for image, value in zip(images, hashes, strict=True)])
            if not embeddings:
                tx.meta.set(UNGROUPED, "yes")
        seen += len(images)
    return seen


def _hash_of(ws: Workspace, image: Image, known: Look | None, *, measure: bool) -> tuple[str, int | None]:
    """Version of the picture, and its hash or None where it cannot be read."""
    if not measure or (known is not None and known.content_hash == image.content_hash):
        return ("", None) if known is None else (known.content_hash, known.phash)
    try:
        return image.content_hash, perceptual_hash(_gray(thumbnail_file(ws, image.id)))
    except (AppError, FreeSoloError, OSError):
        return image.content_hash, None  # the file is gone: that is told where the image is opened


def _gray(path: Path) -> npt.NDArray[np.uint8]:
    with Pillow.open(path) as picture:
        return np.asarray(picture.convert("L"))


def _look(tx: Transaction, image: Image, version: str, value: int | None) -> Look:
    rows = [np.frombuffer(row, "<f2").astype(np.float32) for row in tx.instances.best_embeddings(image.id, BEST_MASKS)]
    rows = [row for row in rows if len(row) == len(rows[0])]  # a person's own masks may come from another network
    embedding = normalised(np.mean([normalised(row) for row in rows], axis=0)).astype("<f2").tobytes() if rows else None
    return Look(image.id, version, image.proposer, value, embedding)


def normalised(row: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """A vector of length 1, or zeros."""
    return np.asarray(row / max(float(np.linalg.norm(row)), 1e-6), np.float32)

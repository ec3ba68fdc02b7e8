"""A mask in its surroundings as a small picture, its outline drawn; made when first asked for, and kept on disk.

The file's name follows from the picture's content and the mask's pixels, so an edited mask or a changed image gets a new one.
"""

import os
import threading
from collections import OrderedDict
from contextlib import suppress
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow
from PIL import ImageOps

from app.errors import NotFoundError, StoreError
from app.files import replacing
from app.services import catalogue
from app.services.workspace import Workspace
from app.store.records import Image, Instance
from freesolo.codecs import coco_rle
from freesolo.errors import ImageError
from freesolo.images import read_image

SIDE = 208
"""Pixels of a crop's longer side, at most."""

_MARGIN = 0.25
"""Of the box's longer side, shown on each side of it."""
_LEAST = 48
"""Pixels of the image shown at least: a tiny mask needs surroundings to be recognised."""
_LARGEST_ON_DISK = 400 * 2**20
"""Bytes; about 60,000 crops."""
_LARGEST_IN_MEMORY = 192 * 2**20
"""Bytes of decoded pictures: masks of one image are often asked for together."""
_LINE = (255, 255, 255)
_HALO = (16, 20, 26)

Pixels = npt.NDArray[np.uint8]


def crop_file(ws: Workspace, instance_id: int) -> tuple[Path, int]:
    """The crop of a mask as WebP, and the mask's revision.

    Raises:
        NotFoundError: there is no such mask, or its image's file is gone.
        ImageError: the image is unreadable.
        StoreError: the crop cannot be kept (disk full, no permission).
    """
    with ws.store.read() as tx:
        mask = tx.instances.get([instance_id]).get(instance_id)
    if mask is None or mask.deleted:
        raise NotFoundError(f"there is no mask {instance_id} in this workspace")
    image = catalogue.image(ws, mask.image_id)
    key = blake2b(f"{image.content_hash} {SIDE} {mask.counts}".encode(), digest_size=16).hexdigest()
    path = ws.path / "crops" / key[:2] / f"{key}.webp"
    if not path.exists():
        _keep(ws.path / "crops", path, _draw(_picture(ws, image), image, mask))
    return path, mask.revision


@dataclass(frozen=True)
class _Window:
    """The part of the image that a crop shows, in image pixels."""

    left: int
    top: int
    right: int
    bottom: int

    @classmethod
    def around(cls, mask: Instance, image: Image) -> "_Window":
        x, y, w, h = mask.bbox
        side = max(max(w, h) * (1 + 2 * _MARGIN), _LEAST)
        across, down = x + w / 2, y + h / 2
        return cls(
            max(0, int(across - side / 2)),
            max(0, int(down - side / 2)),
            min(image.width, int(np.ceil(across + side / 2))),
            min(image.height, int(np.ceil(down + side / 2))),
        )


def _draw(picture: Pixels, image: Image, mask: Instance) -> bytes:
    """WebP bytes; the picture may be smaller than the image."""
    window = _Window.around(mask, image)
    scale = SIDE / max(window.right - window.left, window.bottom - window.top)
    size = tuple(max(1, round(scale * side)) for side in (window.right - window.left, window.bottom - window.top))
    down, across = picture.shape[0] / image.height, picture.shape[1] / image.width
    rows = slice(int(window.top * down), max(int(window.top * down) + 1, round(window.bottom * down)))
    columns = slice(int(window.left * across), max(int(window.left * across) + 1, round(window.right * across)))
    part = picture[rows, columns]
    shrinks = part.shape[0] > size[1]
    shown = cv2.resize(part, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR)
    plane = coco_rle.decode(mask.counts.encode(), (image.height, image.width))
    inside = plane[window.top : window.bottom, window.left : window.right].astype(np.uint8)
    # Of a shrunken mask every pixel that it touches counts, so that thin ones do not vanish.
    small = (
        cv2.resize(inside * 255, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR) > 127
    ).astype(np.uint8)
    lines, _ = cv2.findContours(small, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    shown = np.ascontiguousarray(shown)
    cv2.drawContours(shown, lines, -1, _HALO, 4, cv2.LINE_AA)
    cv2.drawContours(shown, lines, -1, _LINE, 2, cv2.LINE_AA)
    ready, encoded = cv2.imencode(".webp", shown[:, :, ::-1], [cv2.IMWRITE_WEBP_QUALITY, 82])
    assert ready  # an 8-bit picture of a few pixels always is
    return encoded.tobytes()


class _Pictures:
    """Decoded pictures, least recently used first. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, Pixels] = OrderedDict()
        self._reading: dict[str, threading.Lock] = {}

    def get(self, path: Path, key: str) -> Pixels:
        """The picture, decoded once however many ask."""
        with self._lock:
            reading = self._reading.setdefault(key, threading.Lock())
        with reading:
            with self._lock:
                known = self._kept.get(key)
                if known is not None:
                    self._kept.move_to_end(key)
                    return known
            pixels = _reduced(path)
            with self._lock:
                self._kept[key] = pixels
                self._reading.pop(key, None)
                while len(self._kept) > 1 and sum(each.nbytes for each in self._kept.values()) > _LARGEST_IN_MEMORY:
                    self._kept.popitem(last=False)
            return pixels


_pictures = _Pictures()
_REDUCED = 2048
"""Longer side to which a large JPEG is decoded: a quarter of the time, and most crops show no more."""


def _picture(ws: Workspace, image: Image) -> Pixels:
    original = catalogue.file_of(ws, image)
    if not original.is_file():
        raise NotFoundError(f"the file of {image.name} is gone from {original.parent}: put it back there")
    if image.error:
        raise ImageError(image.error)
    return _pictures.get(original, image.content_hash)


def _reduced(path: Path) -> Pixels:
    """(h, w, 3) RGB upright; a large plain JPEG at a half, a quarter or an eighth."""
    try:
        with Pillow.open(path) as picture:
            if picture.format == "JPEG" and picture.mode == "RGB" and max(picture.size) > 2 * _REDUCED:
                picture.draft("RGB", (_REDUCED, _REDUCED))
                return np.asarray(ImageOps.exif_transpose(picture))
    except (OSError, SyntaxError):
        pass  # the full reader says what is wrong
    return read_image(path).pixels


_disk = threading.Lock()
_sizes: dict[Path, int] = {}
"""Bytes in each folder of crops, once counted."""


def _keep(folder: Path, path: Path, data: bytes) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            stream.write(data)
        with _disk:
            if folder not in _sizes:
                _sizes[folder] = sum(size for _, size, _ in _files(folder))
            else:
                _sizes[folder] += len(data)
            if _sizes[folder] > _LARGEST_ON_DISK:
                _sizes[folder] = _prune(folder, _LARGEST_ON_DISK * 3 // 4)
    except OSError as error:
        raise StoreError(f"the crop cannot be kept in {folder}: {error.strerror or error}") from error


def _files(folder: Path) -> list[tuple[float, int, str]]:
    """(time made, bytes, path) of every crop."""
    found = []
    for part in os.scandir(folder):
        for entry in os.scandir(part.path) if part.is_dir() else ():
            with suppress(FileNotFoundError):  # another thread's, written but not yet in its place
                facts = entry.stat()
                found.append((facts.st_mtime, facts.st_size, entry.path))
    return found


def _prune(folder: Path, wanted: int) -> int:
    """Remove the oldest crops until so many bytes are left; returns how many there are."""
    files = sorted(_files(folder))
    left = sum(size for _, size, _ in files)
    for _, size, path in files:
        if left <= wanted:
            break
        Path(path).unlink(missing_ok=True)
        left -= size
    return left

"""Pictures for the browser: the original where it shows as it is, else an upright rendition; thumbnails.

Both are cached in the workspace under the content's hash, so a changed file gets new ones.
"""

import io
from pathlib import Path

from PIL import Image as Pillow
from PIL import ImageOps

from app.errors import NotFoundError, ReviewError, StoreError
from app.files import replacing
from app.services import catalogue
from app.services.workspace import Workspace
from app.store.records import Image
from freesolo.errors import ImageError
from freesolo.images import Window, probe, read_image, resize_shorter

LARGEST = 50_000_000
"""Pixels that a browser canvas takes well; larger originals get a smaller rendition."""

THUMBNAIL = 240
"""Longer side of a thumbnail, pixels."""

LONGEST_SIDE = 16_000
"""JPEG ends at 65,535 pixels a side, browsers' textures at about 16,384."""

_MEDIA = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}


def fits(width: int, height: int) -> bool:
    """Whether browsers show a picture of this size as it is."""
    return width * height <= LARGEST and max(width, height) <= LONGEST_SIDE


def display_file(ws: Workspace, image_id: int) -> tuple[Path, str]:
    """A file that a browser shows upright, and its media type.

    The rendition of a huge image is smaller; the page stretches it to the image's own width and height.

    Raises:
        NotFoundError: there is no such image, or its file is gone.
        ImageError: the file is unreadable.
        StoreError: the rendition cannot be kept (disk full, no permission).
    """
    image, original = _original(ws, image_id)
    media = _shown_as_it_is(original)
    if media is not None:
        return original, media
    rendition = ws.path / "display" / image.content_hash[:2] / f"{image.content_hash}.jpg"
    if not rendition.exists():
        _keep(rendition, _rendered(original), "JPEG", quality=95, subsampling=0)
    return rendition, "image/jpeg"


def windowed(ws: Workspace, image_id: int, window: Window) -> bytes:
    """A 16-bit or float image as a JPEG, with other values as black and white.

    Raises:
        NotFoundError: there is no such image, or its file is gone.
        ImageError: the file is unreadable.
        ReviewError: the image has 8 bits a channel, which the browser has all of.
    """
    _, original = _original(ws, image_id)
    if not probe(original).deep:
        raise ReviewError("low, high and gamma are for 16-bit and float images; this one has 8 bits a channel")
    stream = io.BytesIO()
    _rendered(original, window).save(stream, "JPEG", quality=95, subsampling=0)
    return stream.getvalue()


def is_deep(ws: Workspace, image: Image) -> bool:
    """Whether `windowed` can show the image; False where its file cannot be looked at."""
    try:
        return probe(catalogue.file_of(ws, image)).deep
    except ImageError:
        return False


def thumbnail_file(ws: Workspace, image_id: int) -> Path:
    """A WebP picture of at most 240 pixels a side.

    Raises:
        NotFoundError: there is no such image, or its file is gone.
        ImageError: the file is unreadable.
        StoreError: the thumbnail cannot be kept (disk full, no permission).
    """
    image, original = _original(ws, image_id)
    thumbnail = ws.path / "thumbnails" / image.content_hash[:2] / f"{image.content_hash}.webp"
    if not thumbnail.exists():
        picture = _small_jpeg(original) or Pillow.fromarray(read_image(original).pixels)
        picture.thumbnail((THUMBNAIL, THUMBNAIL), Pillow.Resampling.BOX, reducing_gap=2.0)
        _keep(thumbnail, picture, "WEBP", quality=75, method=2)
    return thumbnail


def _original(ws: Workspace, image_id: int) -> tuple[Image, Path]:
    image = catalogue.image(ws, image_id)
    original = catalogue.file_of(ws, image)
    if not original.is_file():
        raise NotFoundError(f"the file of {image.name} is gone from {original.parent}: put it back there")
    if image.error:
        raise ImageError(image.error)
    return image, original


def _rendered(original: Path, window: Window | None = None) -> Pillow.Image:
    """The image upright in 8 bits, smaller where it is huge."""
    pixels = read_image(original, window).pixels
    height, width = pixels.shape[:2]
    scale = min(1.0, (LARGEST / (height * width)) ** 0.5, LONGEST_SIDE / max(height, width))
    if scale < 1.0:
        pixels = resize_shorter(pixels, max(1, int(min(height, width) * scale)))
    return Pillow.fromarray(pixels)


def _shown_as_it_is(path: Path) -> str | None:
    """The media type of an upright 8-bit gray or RGB image that browsers paint as it is read here, else None."""
    info = probe(path)
    plain = info.mode in ("L", "RGB") and info.frames == 1 and info.orientation == 1
    return _MEDIA.get(info.format) if plain and fits(info.width, info.height) else None


def _small_jpeg(path: Path) -> Pillow.Image | None:
    """An ordinary JPEG decoded at an eighth to a half of its size, which takes a tenth of the time; None for others."""
    try:
        with Pillow.open(path) as picture:
            if picture.format != "JPEG" or picture.mode not in ("L", "RGB"):
                return None
            picture.draft("RGB", (THUMBNAIL * 2, THUMBNAIL * 2))
            return ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError):
        return None  # the full reader says what is wrong


def _keep(path: Path, picture: Pillow.Image, kind: str, **options: int) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path) as stream:
            picture.save(stream, kind, **options)
    except OSError as error:
        raise StoreError(f"{path.name} cannot be kept in {path.parent}: {error.strerror or error}") from error

"""Any image upright as RGB: orientations, depths, palettes, transparency, and files that lie or break off."""

import contextlib
import io
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from freesolo import images
from freesolo.errors import ImageError
from freesolo.images import ReadImage, probe, read_image, resize_shorter

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (5, 7, 3), np.uint8)


def saved(tmp_path: Path, image: Image.Image, name: str, **options: object) -> Path:
    image.save(tmp_path / name, **options)
    return tmp_path / name


def consistent(path: Path) -> ReadImage:
    """What is read, after checking that the header said the same size."""
    read, info = read_image(path), probe(path)
    assert read.pixels.dtype == np.uint8
    assert read.pixels.shape == (read.height, read.width, 3)
    assert read.pixels.flags.c_contiguous
    assert (info.width, info.height) == (read.width, read.height)
    assert (info.raw_size, info.orientation) == (read.raw_size, read.orientation)
    return read


@pytest.mark.parametrize("suffix", ["png", "webp", "jpg", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_all_orientations(tmp_path: Path, orientation: int, suffix: str) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if suffix == "webp" else {}
    path = saved(tmp_path, Image.fromarray(PHOTO), f"photo.{suffix}", exif=exif, **options)
    read = consistent(path)
    with Image.open(path) as image:
        expected = np.asarray(ImageOps.exif_transpose(image).convert("RGB"))
    assert np.array_equal(read.pixels, expected)
    assert read.orientation == orientation
    assert read.raw_size == (7, 5)
    assert (read.width, read.height) == ((5, 7) if orientation >= 5 else (7, 5))


def test_a_plain_photograph_is_exact_and_needs_no_note(tmp_path: Path) -> None:
    read = consistent(saved(tmp_path, Image.fromarray(PHOTO), "photo.png"))
    assert np.array_equal(read.pixels, PHOTO)
    assert (read.note, read.bit_depth, read.stretch) == ("", 8, None)


@pytest.mark.parametrize(("dtype", "depth"), [(np.uint16, 16), (np.float32, 32), (np.int32, 16)])
def test_deep_images_are_stretched_between_percentiles(tmp_path: Path, dtype: type, depth: int) -> None:
    values = np.linspace(1000, 3000, 10_000).reshape(100, 100).astype(dtype)
    read = consistent(saved(tmp_path, Image.fromarray(values), "deep.tif"))
    assert read.bit_depth == depth
    assert read.stretch == pytest.approx(np.percentile(values, [0.5, 99.5]), rel=1e-4)
    assert read.pixels.min() == 0
    assert read.pixels.max() == 255
    assert "shown as 0..255" in read.note
    gray = read.pixels[..., 0].astype(int)
    assert (np.diff(gray.ravel()) >= 0).all(), "order is kept"
    assert np.array_equal(read.pixels[..., 0], read.pixels[..., 2])


def test_flat_and_broken_deep_images(tmp_path: Path) -> None:
    flat = consistent(saved(tmp_path, Image.fromarray(np.full((4, 4), 500, np.uint16)), "flat.png"))
    assert len(np.unique(flat.pixels)) == 1
    holes = np.full((4, 4), np.nan, np.float32)
    assert consistent(saved(tmp_path, Image.fromarray(holes), "nan.tif")).pixels.max() == 0


def test_transparency_is_laid_on_white(tmp_path: Path) -> None:
    rgba = np.zeros((2, 2, 4), np.uint8)
    rgba[0, :, 3] = 255
    read = consistent(saved(tmp_path, Image.fromarray(rgba), "alpha.png"))
    assert read.pixels[0].max() == 0
    assert read.pixels[1].min() == 255
    assert read.note == "transparency laid on white"
    opaque = rgba.copy()
    opaque[..., 3] = 255
    assert consistent(saved(tmp_path, Image.fromarray(opaque), "opaque.png")).note == ""


def test_palette_with_a_transparent_colour(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([200, 10, 10, 10, 200, 10])
    read = consistent(saved(tmp_path, image, "palette.png", transparency=1))
    assert read.pixels[0, 0].tolist() == [200, 10, 10]
    assert read.pixels[0, 1].tolist() == [255, 255, 255]


@pytest.mark.parametrize(
    ("mode", "suffix", "note"), [("1", "png", "1-bit"), ("CMYK", "jpg", "CMYK"), ("L", "png", ""), ("LA", "png", "")]
)
def test_other_modes(tmp_path: Path, mode: str, suffix: str, note: str) -> None:
    image = Image.fromarray(np.full((6, 8, 3), 255, np.uint8)).convert(mode)
    read = consistent(saved(tmp_path, image, f"image.{suffix}"))
    assert read.pixels.min() > 250
    assert read.note.startswith(note)
    assert read.bit_depth == (1 if mode == "1" else 8)


@pytest.mark.parametrize("suffix", ["gif", "tif"])
def test_of_several_frames_the_first(tmp_path: Path, suffix: str) -> None:
    frames = [Image.fromarray(np.full((4, 4), value, np.uint8)) for value in (0, 255, 128)]
    read = consistent(saved(tmp_path, frames[0], f"film.{suffix}", save_all=True, append_images=frames[1:]))
    assert read.pixels.max() == 0
    assert "first of 3 frames" in read.note


@pytest.mark.parametrize("name", ["with space.png", "hash#percent%.png", "Müße 猫.png"])
def test_any_name(tmp_path: Path, name: str) -> None:
    assert np.array_equal(consistent(saved(tmp_path, Image.fromarray(PHOTO), name)).pixels, PHOTO)


def test_a_wrong_suffix_is_read_by_content(tmp_path: Path) -> None:
    Image.fromarray(PHOTO).save(tmp_path / "photo.jpg", format="PNG")
    assert np.array_equal(consistent(tmp_path / "photo.jpg").pixels, PHOTO)


def test_very_wide(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(np.zeros((3, 20_000), np.uint8)), "wide.png")
    assert consistent(path).width == 20_000


def jpeg() -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(RNG.integers(0, 256, (200, 200, 3), np.uint8)).save(buffer, "JPEG")
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "empty"),
        (b"hello, I am a text", "not an image"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 40, "not a"),
        (jpeg()[: len(jpeg()) // 2], "damaged or cut off"),
    ],
)
def test_broken_files_are_one_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    (path := tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises(ImageError, match=f"broken.jpg: .*{reason}"):
        read_image(path)


def test_a_truncated_photograph_still_has_a_header(tmp_path: Path) -> None:
    (path := tmp_path / "half.jpg").write_bytes(jpeg()[: len(jpeg()) // 2])
    assert (probe(path).width, probe(path).height) == (200, 200)


def test_what_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(ImageError, match="is a folder"):
        read_image(tmp_path)
    with pytest.raises(ImageError, match="gone"):
        read_image(tmp_path / "nothing.png")
    with pytest.raises(ImageError):
        read_image("nul\0byte.png")


@pytest.mark.skipif(
    os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything"
)
def test_no_permission(tmp_path: Path) -> None:
    path = saved(tmp_path, Image.fromarray(PHOTO), "secret.png")
    path.chmod(0)
    with pytest.raises(ImageError, match="no permission"):
        read_image(path)


def test_bombs_are_refused_before_decoding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = saved(tmp_path, Image.fromarray(PHOTO), "bomb.png")
    monkeypatch.setattr(images, "MAX_PIXELS", 20)
    for look in (probe, read_image):
        with pytest.raises(ImageError, match="7 x 5 is 0 megapixels"):
            look(path)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 400))
def test_damage_raises_nothing_else(tmp_path_factory: pytest.TempPathFactory, noise: bytes, at: int) -> None:
    content = bytearray(jpeg()[:600])
    content[at : at + len(noise)] = noise
    (path := tmp_path_factory.mktemp("noise") / "noise.jpg").write_bytes(bytes(content))
    with contextlib.suppress(ImageError):  # any other error fails the test
        assert read_image(path).pixels.ndim == 3


@pytest.mark.parametrize(
    ("shape", "short", "longest", "expected"),
    [((100, 200), 50, None, (50, 100)), ((100, 200), 800, 1333, (666, 1333)), ((10, 1), 4, None, (40, 4))],
)
def test_resize_shorter(shape: tuple[int, int], short: int, longest: int | None, expected: tuple[int, int]) -> None:
    assert resize_shorter(np.zeros((*shape, 3), np.uint8), short, longest).shape[:2] == expected

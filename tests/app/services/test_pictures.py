import numpy as np
import pytest
from PIL import Image

from app.errors import NotFoundError, StoreError
from app.services import ingest, pictures
from freesolo.errors import ImageError
from tests.app.helpers import make_image


def bring(ws, path):
    ingest.import_folder(ws, path.parent)
    return 1


@pytest.mark.parametrize(("name", "media"), [("a.jpg", "image/jpeg"), ("a.png", "image/png"), ("a.webp", "image/webp")])
def test_plain_originals_go_to_the_browser_as_they_are(ws, tmp_path, name, media):
    path = make_image(tmp_path / "photos" / name)
    assert pictures.display_file(ws, bring(ws, path)) == (path, media)


def turned(path):
    """A JPEG, red on its left as stored, that its EXIF data turns upright: red on top."""
    pixels = np.zeros((60, 80, 3), np.uint8)
    pixels[:, :40, 0] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    path.parent.mkdir()
    Image.fromarray(pixels).save(path, exif=exif, quality=95)


def deep(path):
    path.parent.mkdir()
    Image.fromarray(np.linspace(0, 65535, 600).astype(np.uint16).reshape(20, 30)).save(path)


def palette(path):
    path.parent.mkdir()
    Image.fromarray(np.arange(600, dtype=np.uint8).reshape(20, 30)).convert("P").save(path)


@pytest.mark.parametrize(
    ("make", "name", "size"), [(turned, "a.jpg", (60, 80)), (deep, "a.png", (30, 20)), (palette, "a.gif", (30, 20))]
)
def test_others_get_an_upright_rendition_that_is_kept(ws, tmp_path, make, name, size):
    path = tmp_path / "photos" / name
    make(path)
    before = path.read_bytes()
    rendition, media = pictures.display_file(ws, bring(ws, path))
    assert media == "image/jpeg"
    assert ws.path in rendition.parents
    with Image.open(rendition) as picture:
        assert (picture.size, picture.getexif().get(0x0112, 1)) == (size, 1)
    made = rendition.stat().st_mtime_ns
    assert pictures.display_file(ws, 1)[0].stat().st_mtime_ns == made
    assert path.read_bytes() == before


def test_the_rendition_is_turned_the_right_way(ws, tmp_path):
    turned(tmp_path / "photos" / "a.jpg")
    rendition, _ = pictures.display_file(ws, bring(ws, tmp_path / "photos" / "a.jpg"))
    with Image.open(rendition) as picture:
        pixels = np.asarray(picture)
    assert pixels[10, 30, 0] > 200
    assert pixels[70, 30, 0] < 50


def test_a_huge_picture_gets_a_smaller_rendition(ws, tmp_path, monkeypatch):
    path = make_image(tmp_path / "photos" / "a.png", size=(400, 100))
    monkeypatch.setattr(pictures, "LARGEST", 10_000)
    rendition, _ = pictures.display_file(ws, bring(ws, path))
    with Image.open(rendition) as picture:
        assert picture.width * picture.height <= 10_000
        assert picture.width == pytest.approx(4 * picture.height, abs=4)


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize("size", [(1000, 500), (3, 900), (50, 40)])
def test_thumbnails_are_small_and_keep_the_proportions(ws, tmp_path, name, size):
    thumbnail = pictures.thumbnail_file(ws, bring(ws, make_image(tmp_path / "photos" / name, size=size)))
    with Image.open(thumbnail) as picture:
        assert picture.format == "WEBP"
        scale = min(1, 240 / max(size))
        assert picture.size == tuple(max(1, round(side * scale)) for side in size)
    assert thumbnail == pictures.thumbnail_file(ws, 1)


def test_thumbnails_are_upright(ws, tmp_path):
    turned(tmp_path / "photos" / "a.jpg")
    with Image.open(pictures.thumbnail_file(ws, bring(ws, tmp_path / "photos" / "a.jpg"))) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    assert pixels.shape == (80, 60, 3)
    assert pixels[10, 30, 0] > 200
    assert pixels[70, 30, 0] < 50


@pytest.mark.parametrize("get", [pictures.display_file, pictures.thumbnail_file])
def test_missing_and_broken_originals_are_told(ws, tmp_path, get):
    path = make_image(tmp_path / "photos" / "a.png")
    (tmp_path / "photos" / "b.png").write_bytes(b"no picture")
    bring(ws, path)
    path.unlink()
    with pytest.raises(NotFoundError, match=r"the file of a\.png is gone from"):
        get(ws, 1)
    with pytest.raises(ImageError, match="not an image"):
        get(ws, 2)
    with pytest.raises(NotFoundError, match="no image 3"):
        get(ws, 3)


def test_a_thumbnail_that_cannot_be_kept_is_told(ws, tmp_path):
    bring(ws, make_image(tmp_path / "photos" / "a.png"))
    (ws.path / "thumbnails").write_text("in the way")
    with pytest.raises(StoreError, match="cannot be kept"):
        pictures.thumbnail_file(ws, 1)

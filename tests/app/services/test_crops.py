import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from app.errors import NotFoundError
from app.services import crops, ingest
from freesolo.errors import ImageError
from tests.app.helpers import add_masks, new_instances


def one_mask(ws, folder, size, box, name="photo.png", colour=(10, 120, 30), **options):
    """A plain picture with one rectangular mask; returns the mask's id."""
    folder.mkdir(exist_ok=True)
    width, height = size
    Image.new("RGB", size, colour).save(folder / name, **options)
    ingest.import_folder(ws, folder)
    x, y, w, h = box
    plane = np.zeros((1, height, width), bool)
    plane[0, y : y + h, x : x + w] = True
    with ws.store.write() as tx:
        tx.instances.add_many(1, "test@1", new_instances(plane))
        tx.images.refresh([1])
    return 1


def pixels(path):
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB")).astype(int)


def test_a_crop_shows_the_mask_with_its_outline(ws, tmp_path):
    mask = one_mask(ws, tmp_path / "p", (400, 300), (150, 100, 80, 60))
    path, revision = crops.crop_file(ws, mask)
    shown = pixels(path)
    assert revision == 0
    assert max(shown.shape) == crops.SIDE
    # The window is the box's longer side and a quarter of it on each side: the mask's edges lie at 1/6 and 5/6.
    middle = shown[shown.shape[0] // 2]
    bright = np.flatnonzero(middle.min(1) > 200)
    assert bright.min() == pytest.approx(crops.SIDE / 6, abs=3)
    assert bright.max() == pytest.approx(crops.SIDE * 5 / 6, abs=3)
    assert np.abs(middle[crops.SIDE // 2] - (10, 120, 30)).max() < 12, "the inside is the picture's"


def test_a_crop_is_made_once_and_anew_for_other_pixels(ws, tmp_path):
    mask = one_mask(ws, tmp_path / "p", (100, 80), (10, 10, 20, 20))
    path, _ = crops.crop_file(ws, mask)
    made = path.stat().st_mtime_ns
    assert crops.crop_file(ws, mask)[0].stat().st_mtime_ns == made
    with ws.store.write() as tx:
        tx.instances.change(mask, {"state": "accepted", "revision": 1})
    assert crops.crop_file(ws, mask) == (path, 1), "a decision leaves the pixels as they are"
    other = new_instances(np.ones((1, 80, 100), bool))[0]
    with ws.store.write() as tx:
        tx.instances.change(mask, {"counts": other.counts, "revision": 2})
    assert crops.crop_file(ws, mask)[0] != path


def test_a_single_pixel_at_the_border_has_a_crop(ws, tmp_path):
    mask = one_mask(ws, tmp_path / "p", (30, 20), (29, 19, 1, 1))
    assert pixels(crops.crop_file(ws, mask)[0]).size


def test_a_large_rotated_jpeg_shows_the_right_part(ws, tmp_path):
    """Decoded at a half and turned by its EXIF data, the crop is still of the mask's place."""
    folder = tmp_path / "p"
    folder.mkdir()
    picture = np.zeros((4200, 5000, 3), np.uint8)
    picture[:600, 4400:] = (250, 40, 40)  # top right of the file, bottom right once turned by 90 degrees
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture).save(folder / "large.jpg", quality=90, exif=exif)
    ingest.import_folder(ws, folder)
    plane = np.zeros((1, 5000, 4200), bool)
    plane[0, 4500:4900, 3700:4100] = True
    with ws.store.write() as tx:
        tx.instances.add_many(1, "test@1", new_instances(plane))
        tx.images.refresh([1])
    shown = pixels(crops.crop_file(ws, 1)[0])
    middle = shown[shown.shape[0] // 2, shown.shape[1] // 2]
    assert middle[0] > 200
    assert middle[1] < 90


def test_what_cannot_be_shown_is_told(ws, tmp_path):
    mask = one_mask(ws, tmp_path / "p", (30, 20), (2, 2, 5, 5))
    with pytest.raises(NotFoundError, match="no mask 99"):
        crops.crop_file(ws, 99)
    with ws.store.write() as tx:
        tx.images.change(1, error="broken")
    with pytest.raises(ImageError, match="broken"):
        crops.crop_file(ws, mask)
    (tmp_path / "p" / "photo.png").unlink()
    with pytest.raises(NotFoundError, match="is gone from"):
        crops.crop_file(ws, mask)
    with ws.store.write() as tx:
        tx.instances.change(mask, {"deleted": True})
    with pytest.raises(NotFoundError, match="no mask 1"):
        crops.crop_file(ws, mask)


def test_the_oldest_crops_go_when_there_are_too_many(reviewed, monkeypatch):
    ws, masks = reviewed
    many = [*masks[1], *masks[2]]
    most = crops.crop_file(ws, many[0])[0].stat().st_size * 4
    monkeypatch.setattr(crops, "_LARGEST_ON_DISK", most)
    made = [crops.crop_file(ws, mask)[0] for mask in many]
    left = [path for path in dict.fromkeys(made) if path.exists()]
    assert sum(path.stat().st_size for path in left) <= most
    assert made[-1].exists()
    assert len(left) < len(set(made))
    assert crops.crop_file(ws, many[0])[0].exists(), "what went is made again"


def test_many_threads_get_the_same_crop(ws, tmp_path):
    mask = one_mask(ws, tmp_path / "p", (200, 150), (20, 20, 50, 50))
    found = []
    threads = [
        threading.Thread(target=lambda: found.append(crops.crop_file(ws, mask)[0].read_bytes())) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert len(set(found)) == 1


def test_masks_of_one_pixel_row_have_an_outline(reviewed):
    ws, _ = reviewed
    mask = add_masks(ws, 3, 2)[0]
    assert pixels(crops.crop_file(ws, mask)[0]).max() > 200


def test_a_file_that_goes_while_the_folder_is_counted_is_not_counted(tmp_path):
    (tmp_path / "f9").mkdir()
    (tmp_path / "f9" / "kept.webp").write_bytes(b"abc")
    (tmp_path / "f9" / ".going.part").symlink_to(tmp_path / "gone")
    assert [(size, Path(path).name) for _, size, path in crops._files(tmp_path)] == [(3, "kept.webp")]

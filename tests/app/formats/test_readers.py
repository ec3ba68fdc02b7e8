"""Files of the app in the hands of other people's loaders.

pycocotools stands in `test_coco`. Datumaro and supervision run in an environment of their own, see `tests.environments`.
"""

import io
import json
import subprocess
import zipfile
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from app.formats.registry import get
from freesolo.codecs import coco_rle
from tests.app.formats.cases import dataset, written
from tests.environments import READERS
from tests.golden import golden_masks

MAIN = Path(__file__).with_name("readers") / "main.py"
GOLDEN = {name.replace(" ", "-"): mask for name, mask in golden_masks().items()}


@pytest.fixture(scope="module")
def python():
    """A Python with Datumaro and supervision; skips with the reason where none can be installed."""
    reason = READERS.why_not()
    if reason:
        pytest.skip(reason)
    return READERS.bin / "python"


def masks_of_one_image():
    """Masks that overlap, with holes and parts."""
    left, right = np.zeros((2, 40, 50), bool)
    left[2:30, 2:30] = True
    left[8:12, 8:12] = False
    right[20:38, 25:48] = True
    return [left, right, GOLDEN["nested-island"]]


def put(folder, format_name, data, encoding="", file="x.json"):
    """Write a dataset as a folder that a loader takes, with blank images beside it."""
    content, _ = written(get(format_name), data, encoding)
    folder.mkdir(parents=True)
    if get(format_name).suffix == ".zip":
        zipfile.ZipFile(io.BytesIO(content)).extractall(folder)
    else:
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(content)
    (folder / "images").mkdir()
    for picture in data.pictures():
        path = folder / "images" / picture.file_name
        path.parent.mkdir(exist_ok=True, parents=True)
        Image.new("RGB", (picture.width, picture.height)).save(path)


@pytest.fixture(scope="module")
def answer(python, tmp_path_factory):
    """What each reader made of its folder, as {reader: {image: [masks]}}."""
    folder = tmp_path_factory.mktemp("readers")
    nested = dataset([(f"sub dir/{name}.png", mask.shape, [mask]) for name, mask in GOLDEN.items()])
    flat = dataset([*((f"{name}.png", mask.shape, [mask]) for name, mask in GOLDEN.items())])
    several = dataset([("many.png", (40, 50), masks_of_one_image())])
    both = dataset([*((p.picture.file_name, p.picture.size, decoded(p)) for d in (nested, several) for p in d.pages())])
    for name in ("datumaro", "cvat"):
        put(folder / f"datumaro-{name}", name, both)
    put(folder / "datumaro-voc", "voc", nested)
    put(folder / "datumaro-coco", "coco", both, file="annotations/instances_default.json")
    put(folder / "supervision-coco", "coco", flat)
    put(folder / "supervision-yolo", "yolo", flat)
    put(folder / "supervision-labelme", "labelme", flat, "polygons")
    done = subprocess.run([python, MAIN, folder], capture_output=True, text=True, check=False, cwd=folder)
    lines = [line for line in done.stdout.splitlines() if line.startswith("ANSWER ")]
    assert lines, done.stderr
    read = json.loads(lines[0].removeprefix("ANSWER "))
    return {
        reader: {
            image: [coco_rle.decode(code["counts"], code["size"]) for code in codes] for image, codes in images.items()
        }
        for reader, images in read.items()
    }


def decoded(page):
    return [coco_rle.decode(mask.counts, page.picture.size) for mask in page.masks]


@pytest.mark.parametrize("reader", ["datumaro-datumaro", "datumaro-cvat", "datumaro-voc", "datumaro-coco"])
def test_datumaro_reads_every_golden_mask_pixel_for_pixel(answer, reader):
    found = answer[reader]
    for name, mask in GOLDEN.items():
        (read,) = found[f"sub dir/{name}"]
        np.testing.assert_array_equal(read, mask, err_msg=name)


@pytest.mark.parametrize("reader", ["datumaro-datumaro", "datumaro-cvat", "datumaro-coco"])
def test_datumaro_reads_masks_that_overlap(answer, reader):
    found, expected = ({mask.tobytes() for mask in masks} for masks in (answer[reader]["many"], masks_of_one_image()))
    assert found == expected  # in whatever order: Datumaro groups them by category


def test_supervision_reads_coco_pixel_for_pixel(answer):
    for name, mask in GOLDEN.items():
        (read,) = answer["supervision-coco"][f"{name}.png"]
        np.testing.assert_array_equal(read, mask, err_msg=name)


@pytest.mark.parametrize("reader", ["supervision-yolo", "supervision-labelme"])
@pytest.mark.parametrize(
    "name", ["full-image", "one-pixel", "one-pixel-line", "one-pixel-column", "one-by-one", "wide"]
)
def test_fillers_of_outlines_add_a_pixel_at_right_and_lower_edges_as_told(answer, reader, name):
    """cv2.fillPoly draws the outline too, which along pixel edges lies one pixel further right and down."""
    (read,) = answer[reader][f"{name}.png"]
    grown = cv2.dilate(GOLDEN[name].astype(np.uint8), np.ones((2, 2), np.uint8), anchor=(1, 1)) != 0
    np.testing.assert_array_equal(read, grown)

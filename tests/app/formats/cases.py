"""The golden cases as datasets: what every format is tested on, and what the table in ``assets/formats.md`` is made of."""

import io
import itertools
from dataclasses import replace

import numpy as np

from app.formats.records import Category, Dataset, Known, Mask, Page, Picture
from freesolo.codecs import coco_rle
from tests.app.helpers import make_image
from tests.golden import golden_masks, thousand_masks

CATEGORIES = [Category(1, "object"), Category(2, "Kätzchen"), Category(7, "traffic light")]
NAMES = {
    "names with spaces": ["my photos/first picture.png"],
    "names with # and %": ["ü #1/50%.png"],
    "names that are not ASCII": ["фото/猫 ünï.jpg"],
    "the same name in two folders": ["a/x.png", "b/x.png"],
    "the same name but for the suffix": ["x.jpg", "x.png"],
    "a quote and markup in the name": ["it's \"<b>&amp;.png"],
}


def dataset(images, categories=CATEGORIES, **extras):
    """A dataset of [(file name, (height, width), [masks])]; ids count up, categories take turns."""
    ids, pages = itertools.count(1), []
    for number, (name, (height, width), masks) in enumerate(images, start=1):
        rows = []
        for mask in masks:
            mask_id = next(ids)
            counts = coco_rle.encode(mask).decode()
            rows.append(Mask(mask_id, categories[mask_id % len(categories)].id, counts, **extras))
        pages.append(Page(Picture(number, name, width, height, f"{number:032x}"), rows))
    return Dataset(categories, lambda: iter([page.picture for page in pages]), lambda: iter(pages))


def known(data):
    """What a workspace with these images knows."""
    return Known(list(data.pictures()), data.categories)


def golden_cases():
    """Name -> dataset with scores and states."""
    extras = {"score": 0.123457, "state": "accepted"}
    cases = {name: dataset([("a/x.png", mask.shape, [mask])], **extras) for name, mask in golden_masks().items()}
    left, right = np.zeros((2, 20, 30), bool)
    left[2:15, 2:20] = True
    right[8:18, 10:28] = True
    cases["overlap"] = dataset([("a/x.png", left.shape, [left, right])], **extras)
    cases["no masks"] = dataset([("a/x.png", (20, 30), [])], **extras)
    cases["1,000 masks"] = dataset([("a/x.png", (40, 50), list(thousand_masks()))], **extras)
    for name, files in NAMES.items():
        cases[name] = dataset([(file, left.shape, [left]) for file in files], **extras)
    return cases


def with_images(data, folder):
    """The dataset with real pictures, which crops are made of."""
    pages = []
    for number, page in enumerate(data.pages()):
        path = make_image(folder / "photos" / f"{number}.png", size=(page.picture.width, page.picture.height))
        pages.append(replace(page, picture=replace(page.picture, path=str(path))))
    return replace(data, pictures=lambda: iter([page.picture for page in pages]), pages=lambda: iter(pages))


def written(format_, data, encoding=""):
    """(bytes of the file, losses)."""
    stream = io.BytesIO()
    losses = format_.write(stream, data, encoding)
    return stream.getvalue(), losses


def by_image(pages):
    """File name (or stem) -> [(counts, category, score, state)]."""
    return {
        page.file_name: [(mask.counts, mask.category, mask.score, mask.state) for mask in page.masks] for page in pages
    }

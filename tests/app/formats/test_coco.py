import io
import json
from dataclasses import replace

import numpy as np
import pytest
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.formats import coco
from app.formats.coco import CocoCategory, CocoImage, CocoMask
from freesolo.instances import Instances
from tests.golden import golden_masks

GOLDEN = golden_masks()
CATEGORIES = [CocoCategory(1, "object"), CocoCategory(2, "Kätzchen")]


def dataset(masks, **extras):
    """One image a golden mask: (images, masks) of a file."""
    images, rows = [], []
    for number, mask in enumerate(masks, start=1):
        height, width = mask.shape
        counts = Instances.from_masks(mask[None], [1.0]).counts[0].decode()
        images.append(CocoImage(number, f"ü #{number}/50%.png", width, height))
        rows.append(CocoMask(number * 10, number, 1, (height, width), counts, **extras))
    return images, rows


def written(images, masks, encoding="rle"):
    stream = io.BytesIO()
    report = coco.write(stream, CATEGORIES, images, masks, encoding)
    return json.loads(stream.getvalue()), report, stream.getvalue()


@pytest.fixture(params=GOLDEN.values(), ids=GOLDEN.keys())
def mask(request):
    return request.param


@pytest.mark.parametrize("encoding", ["rle", "polygons"])
def test_every_golden_mask_comes_back_by_pixel(mask, encoding, tmp_path, capsys):
    file, report, data = written(*dataset([mask]), encoding)
    (tmp_path / "x.json").write_bytes(data)
    loaded = COCO(str(tmp_path / "x.json"))
    (annotation,) = loaded.anns.values()
    assert isinstance(annotation["segmentation"], dict if encoding == "rle" else list)
    np.testing.assert_array_equal(loaded.annToMask(annotation), mask)
    ys, xs = np.nonzero(mask)
    assert annotation["bbox"] == [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
    assert annotation["area"] == mask.sum()
    assert annotation["iscrowd"] == 0
    assert (report.inexact, report.not_polygons, report.empty) == ({}, [], [])
    assert file["images"][0]["file_name"] == "ü #1/50%.png"


def test_the_file_against_itself_is_perfect(tmp_path, capsys):
    images, masks = dataset(list(GOLDEN.values()), score=0.5, state="pending")
    file, _, data = written(images, masks)
    (tmp_path / "x.json").write_bytes(data)
    truth = COCO(str(tmp_path / "x.json"))
    results = [{k: a[k] for k in ("image_id", "category_id", "segmentation", "score")} for a in file["annotations"]]
    evaluation = COCOeval(truth, truth.loadRes(results), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_the_same_input_gives_the_same_bytes_and_extras_only_where_asked():
    plain = written(*dataset(list(GOLDEN.values())))
    assert plain[2] == written(*dataset(list(GOLDEN.values())))[2]
    assert not {"score", "state"} & set(plain[0]["annotations"][0])
    file, _, _ = written(*dataset([GOLDEN["donut"]], score=0.25, state="unsure"))
    assert (file["annotations"][0]["score"], file["annotations"][0]["state"]) == (0.25, "unsure")


def test_a_thousand_masks_of_one_image_all_arrive():
    planes = np.zeros((1000, 24, 50), bool)
    planes[np.arange(1000), np.arange(1000) // 50, np.arange(1000) % 50] = True
    found = Instances.from_masks(planes, np.zeros(1000))
    masks = [CocoMask(number, 1, 1, (24, 50), code.decode()) for number, code in enumerate(found.counts, start=1)]
    file, report, _ = written([CocoImage(1, "a.png", 50, 24)], masks, "polygons")
    assert report.masks == 1000
    assert {tuple(a["bbox"]) for a in file["annotations"]} == {(n % 50, n // 50, 1, 1) for n in range(1000)}


def test_nothing_at_all_is_a_valid_file_with_all_categories(tmp_path, capsys):
    file, report, data = written([], [])
    assert [(category["id"], category["name"]) for category in file["categories"]] == [(1, "object"), (2, "Kätzchen")]
    assert (file["images"], file["annotations"], report.images, report.masks) == ([], [], 0, 0)
    (tmp_path / "x.json").write_bytes(data)
    COCO(str(tmp_path / "x.json"))


def test_a_mask_without_pixels_is_left_out_and_told():
    images, (mask,) = dataset([GOLDEN["donut"]])
    empty = replace(mask, counts=Instances.from_masks(np.zeros((1, *mask.size), bool), [1.0]).counts[0].decode())
    file, report, _ = written(images, [empty])
    assert file["annotations"] == []
    assert coco.losses(report) == ["1 masks without pixels are left out"]


def test_holes_are_told_with_polygons_only():
    masks = [GOLDEN["donut"], GOLDEN["one-pixel line"], GOLDEN["nested island"]]
    assert coco.losses(written(*dataset(masks))[1]) == []
    (sentence,) = coco.losses(written(*dataset(masks), "polygons")[1])
    assert sentence.startswith("2 masks have holes")


def test_polygons_that_lose_pixels_are_told_and_describe_themselves(monkeypatch):
    """Whatever the tracer does, bbox and area are those of what the file decodes to."""
    monkeypatch.setattr("freesolo.codecs.polygons.to_coco", lambda _: [[2.0, 2.0, 10.0, 2.0, 10.0, 8.0, 2.0, 8.0]])
    box = np.zeros((24, 32), bool)
    box[2:9, 2:10] = True
    file, report, _ = written(*dataset([box]), "polygons")
    assert report.inexact == {10: 8}
    assert (file["annotations"][0]["bbox"], file["annotations"][0]["area"]) == ([2, 2, 8, 6], 48)
    assert "1 masks differ from their polygons, by 8 pixels at most" in coco.losses(report)[0]


def test_a_mask_that_polygons_cannot_hold_stays_rle(monkeypatch):
    monkeypatch.setattr("freesolo.codecs.polygons.to_coco", lambda _: [])
    file, report, _ = written(*dataset([GOLDEN["one-pixel line"]]), "polygons")
    assert isinstance(file["annotations"][0]["segmentation"]["counts"], str)
    assert coco.losses(report) == ["1 masks cannot be drawn as polygons and are written as rle"]


def test_nothing_is_held_while_writing():
    """Rows are taken one by one: a generator is never ahead of what is written."""
    stream = io.BytesIO()
    images, masks = dataset([GOLDEN["one-pixel line"]] * 50)
    ahead = []

    def watched():
        for number, mask in enumerate(masks):
            ahead.append(number - stream.getvalue().count(b'"segmentation"'))
            yield mask

    coco.write(stream, CATEGORIES, iter(images), watched())
    assert max(ahead) == 0

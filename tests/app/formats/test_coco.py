import io
import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.errors import FormatError
from app.formats.coco import Coco
from app.formats.records import Known, Origin
from freesolo.codecs import coco_rle
from tests.app.formats.cases import CATEGORIES, by_image, dataset, written
from tests.browser.coco_check import faults
from tests.golden import golden_masks

GOLDEN = golden_masks()
NAME = "ü #1/50%.png"


def one(mask, **extras):
    return dataset([(NAME, mask.shape, [mask])], **extras)


def all_golden(**extras):
    return dataset([(f"{name}.png", mask.shape, [mask]) for name, mask in GOLDEN.items()], **extras)


def file_of(data, encoding="rle"):
    content, losses = written(Coco(), data, encoding)
    return json.loads(content), losses, content


@pytest.fixture(params=GOLDEN.values(), ids=GOLDEN.keys())
def mask(request):
    return request.param


@pytest.mark.parametrize("encoding", ["rle", "polygons", "simplified"])
def test_every_golden_mask_comes_back_by_pixel_or_within_the_told_bound(mask, encoding, tmp_path, capsys):
    file, losses, content = file_of(one(mask), encoding)
    (tmp_path / "x.json").write_bytes(content)
    loaded = COCO(str(tmp_path / "x.json"))
    (annotation,) = loaded.anns.values()
    if encoding != "simplified":
        assert isinstance(annotation["segmentation"], dict if encoding == "rle" else list)
        assert losses.exact
    decoded = loaded.annToMask(annotation).astype(bool)
    assert (decoded != mask).sum() == losses.worst_pixels
    assert (decoded & mask).sum() / (decoded | mask).sum() == pytest.approx(losses.worst_iou)
    ys, xs = np.nonzero(decoded)
    assert annotation["bbox"] == [xs.min(), ys.min(), np.ptp(xs) + 1, np.ptp(ys) + 1]
    assert annotation["area"] == decoded.sum()
    assert annotation["iscrowd"] == 0
    assert file["images"][0]["file_name"] == NAME


@pytest.mark.parametrize("radius", [8, 16, 32, 64])
def test_simplified_polygons_have_fewer_points_and_say_their_iou(radius):
    ys, xs = np.mgrid[: 3 * radius, : 3 * radius]
    away = (ys - 1.5 * radius) ** 2 + (xs - 1.5 * radius) ** 2
    ring = (away <= radius**2) & (away > (radius / 3) ** 2)
    exact, simple = (file_of(one(ring), encoding) for encoding in ("polygons", "simplified"))
    points = [len(file["annotations"][0]["segmentation"][0]) for file, _, _ in (exact, simple)]
    assert points[1] < points[0] / 2
    assert simple[1].worst_iou >= {8: 0.85, 16: 0.93, 32: 0.96, 64: 0.98}[radius]
    assert any(f"the lowest IoU is {simple[1].worst_iou:.3f}" in sentence for sentence in simple[1].sentences())
    assert simple[1].holes == 0


def test_the_file_against_itself_is_perfect(tmp_path, capsys):
    file, _, content = file_of(all_golden(score=0.5, state="pending"))
    (tmp_path / "x.json").write_bytes(content)
    truth = COCO(str(tmp_path / "x.json"))
    results = [{k: a[k] for k in ("image_id", "category_id", "segmentation", "score")} for a in file["annotations"]]
    evaluation = COCOeval(truth, truth.loadRes(results), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_the_same_input_gives_the_same_bytes_and_extras_only_where_asked():
    plain = file_of(all_golden())
    assert plain[2] == file_of(all_golden())[2]
    assert not {"score", "state", "source"} & set(plain[0]["annotations"][0])
    file, _, _ = file_of(one(GOLDEN["donut"], score=0.25, state="unsure"))
    assert (file["annotations"][0]["score"], file["annotations"][0]["state"]) == (0.25, "unsure")


def test_provenance_is_written_where_given():
    origin = Origin("default@0011aabb", True, "me", "2026-01-02T03:04:05.678+00:00", 0.75)
    annotation = file_of(one(GOLDEN["donut"], origin=origin))[0]["annotations"][0]
    told = [annotation[key] for key in ("source", "edited", "decided_by", "decided_at", "proposal_iou")]
    assert told == ["default@0011aabb", True, "me", "2026-01-02T03:04:05.678+00:00", 0.75]


def test_a_thousand_masks_of_one_image_all_arrive():
    planes = np.zeros((1000, 24, 50), bool)
    planes[np.arange(1000), np.arange(1000) // 50, np.arange(1000) % 50] = True
    file, losses, _ = file_of(dataset([("a.png", (24, 50), list(planes))]), "polygons")
    assert losses.masks == 1000
    assert {tuple(a["bbox"]) for a in file["annotations"]} == {(n % 50, n // 50, 1, 1) for n in range(1000)}


def test_nothing_at_all_is_a_valid_file_with_all_categories(tmp_path, capsys):
    file, losses, content = file_of(dataset([]))
    assert [(each["id"], each["name"]) for each in file["categories"]] == [(c.id, c.name) for c in CATEGORIES]
    assert (file["images"], file["annotations"], losses.images, losses.masks) == ([], [], 0, 0)
    (tmp_path / "x.json").write_bytes(content)
    COCO(str(tmp_path / "x.json"))


def test_a_mask_without_pixels_is_left_out_and_told():
    file, losses, _ = file_of(one(np.zeros((20, 30), bool)))
    assert file["annotations"] == []
    assert losses.sentences() == ["1 masks without pixels are left out"]


def test_holes_are_told_with_polygons_only():
    masks = ["donut", "one-pixel line", "nested island"]
    data = dataset([(f"{name}.png", GOLDEN[name].shape, [GOLDEN[name]]) for name in masks])
    assert file_of(data)[1].sentences() == []
    (sentence,) = file_of(data, "polygons")[1].sentences()
    assert sentence.startswith("2 masks have holes")


def test_polygons_that_lose_pixels_are_told_and_describe_themselves(monkeypatch):
    """Whatever the tracer does, bbox and area are those of what the file decodes to."""
    monkeypatch.setattr("freesolo.codecs.polygons.to_coco", lambda _: [[2.0, 2.0, 10.0, 2.0, 10.0, 8.0, 2.0, 8.0]])
    box = np.zeros((24, 32), bool)
    box[2:9, 2:10] = True
    file, losses, _ = file_of(one(box), "polygons")
    assert (losses.inexact, losses.worst_pixels, losses.worst_iou) == (1, 8, 48 / 56)
    assert (file["annotations"][0]["bbox"], file["annotations"][0]["area"]) == ([2, 2, 8, 6], 48)
    assert losses.sentences() == [
        "1 masks differ from what the file gives back, by 8 pixels at most; the lowest IoU is 0.857"
    ]


def test_a_mask_that_polygons_cannot_hold_stays_rle(monkeypatch):
    monkeypatch.setattr("freesolo.codecs.polygons.to_coco", lambda _: [])
    file, losses, _ = file_of(one(GOLDEN["one-pixel line"]), "polygons")
    assert isinstance(file["annotations"][0]["segmentation"]["counts"], str)
    assert losses.sentences() == ["1 masks cannot be drawn as polygons and are written as rle"]


def test_nothing_is_held_while_writing():
    """Images are taken one by one: a generator is never ahead of what is written."""
    stream = io.BytesIO()
    data = dataset([(f"{n}.png", (20, 30), [GOLDEN["one-pixel line"]]) for n in range(50)])
    ahead = []

    def watched():
        for number, page in enumerate(data.pages()):
            ahead.append(number - stream.getvalue().count(b'"segmentation"'))
            yield page

    Coco().write(stream, replace(data, pages=watched))
    assert len(ahead) == 50
    assert max(ahead) == 0


@pytest.mark.parametrize("encoding", ["rle", "polygons"])
def test_a_file_is_read_back_as_it_was_written(encoding, tmp_path):
    data = all_golden(score=0.25, state="unsure")
    (tmp_path / "x.json").write_bytes(written(Coco(), data, encoding)[0])
    pages = list(Coco().read(tmp_path / "x.json", Known()))
    names = {category.id: category.name for category in CATEGORIES}
    assert by_image(pages) == {
        page.picture.file_name: [(m.counts, names[m.category_id], m.score, m.state) for m in page.masks]
        for page in data.pages()
    }
    assert [page.content_hash for page in pages] == [picture.content_hash for picture in data.pictures()]


def coco_file(tmp_path, **rows):
    value = {
        "images": [{"id": 5, "file_name": "a\\b.png", "width": 4, "height": 3}],
        "categories": [{"id": 9, "name": "cat"}],
        "annotations": [],
        **rows,
    }
    (tmp_path / "x.json").write_text(json.dumps(value))
    return tmp_path / "x.json"


def test_foreign_files_are_read_by_type_of_segmentation_and_each_bad_annotation_is_named(tmp_path):
    runs = {"counts": [0, 3, 9], "size": [3, 4]}
    rows = [
        {"id": 1, "image_id": 5, "category_id": 9, "segmentation": runs, "iscrowd": 0},
        {"id": 2, "image_id": 5, "category_id": 8, "segmentation": [[0, 0, 2, 0, 2, 2, 0, 2]], "iscrowd": 1},
        {"id": 3, "image_id": 5, "category_id": 9, "segmentation": {"counts": [0, 3, 8], "size": [3, 4]}},
        {"id": 4, "image_id": 5, "category_id": 9, "bbox": [0, 0, 1, 1]},
    ]
    (page,) = Coco().read(coco_file(tmp_path, annotations=rows), Known())
    assert (page.file_name, page.size) == ("a/b.png", (3, 4))
    assert [(mask.place, mask.category) for mask in page.masks] == [(0, "cat"), (1, None)]
    assert [int(coco_rle.decode(mask.counts, (3, 4)).sum()) for mask in page.masks] == [3, 4]
    assert [fault.split(":")[0] for fault in page.faults] == ["annotation 3", "annotation 4"]
    assert "sum to 11, but the image has 3 x 4 = 12 pixels" in page.faults[0]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ({"annotations": 3}, "has no list of annotations"),
        ({"images": [{"id": 1, "width": 3, "height": 3}]}, "image 1 of its list has no file_name"),
        ({"images": [{"id": 1, "file_name": "a", "width": 0, "height": 3}]}, "the image 'a' has no width and height"),
        ({"annotations": [{"image_id": 77}]}, r"annotations of images that it does not list \(77\)"),
    ],
)
def test_damaged_files_are_refused_in_one_sentence(tmp_path, rows, sentence):
    with pytest.raises(FormatError, match=sentence):
        list(Coco().read(coco_file(tmp_path, **rows), Known()))


def test_no_file_and_no_json_are_refused(tmp_path):
    with pytest.raises(FormatError, match="cannot be read: No such file"):
        list(Coco().read(tmp_path / "none.json", Known()))
    (tmp_path / "x.json").write_bytes(b"\xff\x00")
    with pytest.raises(FormatError, match="is no JSON file"):
        list(Coco().read(tmp_path / "x.json", Known()))


@pytest.mark.parametrize("encoding", Coco.encodings)
def test_the_rules_of_interchange_find_no_fault(tmp_path, encoding):
    """Ids from 1, iscrowd 0, boxes and areas of the pixels, relative names: checked without code of the app."""
    data = all_golden()
    for picture in data.pictures():
        Image.new("L", (picture.width, picture.height)).save(tmp_path / picture.file_name)
    (tmp_path / "x.json").write_bytes(written(Coco(), data, encoding)[0])
    assert faults(tmp_path / "x.json", tmp_path) == []

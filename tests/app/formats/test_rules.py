"""The rules of each format beyond giving masks back: what its own tools expect of a file."""

import io
import json
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml
from PIL import Image
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from app.errors import FormatError
from app.formats import archive
from app.formats.records import Category, Known
from app.formats.registry import get
from freesolo.codecs import coco_rle
from tests.app.formats.cases import CATEGORIES, dataset, golden_cases, known, written
from tests.golden import golden_masks

GOLDEN = golden_masks()
NESTED = dataset([(f"sub dir/{name}.png", mask.shape, [mask]) for name, mask in GOLDEN.items()], score=0.5)
LEFT, RIGHT = np.zeros((2, 20, 30), bool)
LEFT[2:15, 2:20] = True
RIGHT[8:12, 10:28] = True
OVERLAP = dataset([("a.png", (20, 30), [LEFT, RIGHT])])


def unpacked(name, data, encoding=""):
    """({file: content}, losses) of a zip."""
    content, losses = written(get(name), data, encoding)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        assert packed.testzip() is None
        return {info.filename: packed.read(info) for info in packed.infolist()}, losses


def read(name, files, data, tmp_path):
    """What a format reads of a zip of these files."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as packed:
        for file, content in files.items():
            packed.writestr(file, content)
    return list(get(name).read(tmp_path / "x.zip", known(data)))


def test_yolo_labels_keep_the_rules_of_ultralytics():
    """A class from 0, then at least three x, y pairs, all within 0..1; one line a mask; an empty file where there is none."""
    files, _ = unpacked("yolo", golden_cases()["1,000 masks"])
    files |= {f"second/{name}": content for name, content in unpacked("yolo", NESTED)[0].items()}
    files |= {
        f"third/{name}": content for name, content in unpacked("yolo", dataset([("b.png", (4, 5), [])]))[0].items()
    }
    names = yaml.safe_load(files["data.yaml"])["names"]
    assert names == {place: category.name for place, category in enumerate(CATEGORIES)}
    labels = {name: content.decode() for name, content in files.items() if name.endswith(".txt")}
    assert labels["third/labels/b.txt"] == ""
    assert "second/labels/sub dir/two parts.txt" in labels
    lines = [line for text in labels.values() for line in text.splitlines()]
    assert len(lines) == 1000 + len(GOLDEN)
    for line in lines:
        number, *points = line.split()
        assert int(number) in names
        assert len(points) >= 6
        assert len(points) % 2 == 0
        assert all(0 <= float(point) <= 1 for point in points)


def test_yolo_tells_of_holes_parts_scores_and_names_that_meet():
    sentences = written(get("yolo"), dataset([("a.png", m.shape, [m]) for m in (GOLDEN["donut"],)], score=0.5))[
        1
    ].sentences()
    assert sentences[0] == "1 scores are not in the file"
    assert sentences[1].startswith("1 masks have holes")
    parts = written(get("yolo"), dataset([("a.png", (30, 40), [GOLDEN["two parts"]])]))[1].sentences()
    assert parts[0].startswith("1 masks have several parts: one polygon joins them")
    same = written(get("yolo"), golden_cases()["the same name but for the suffix"])[1].sentences()
    assert "1 images share their name but for the suffix with another and are left out: x.png" in same


def test_yolo_names_bad_lines_and_boxes(tmp_path):
    data = dataset([("a.png", (10, 10), [])])
    text = "0 0.1 0.1 0.5 0.1 0.5 0.5\n1 0.5 0.5 0.2 0.2\n0 0.1 x 0.5 0.1 0.5 0.5\n9 0 0 1 0 1 1\n0 2 2 3 2 3 3\n"
    (page,) = read("yolo", {"labels/a.txt": text, "data.yaml": "names: [cat]"}, data, tmp_path)
    assert [(mask.place, mask.category) for mask in page.masks] == [(0, "cat"), (3, None)]
    assert page.faults[0] == "line 2: a box, no mask: this is a detection label"
    assert [fault[:6] for fault in page.faults[1:]] == ["line 3", "line 5"]


def test_yolo_files_of_images_that_are_not_here_are_named(tmp_path):
    pages = read("yolo", {"labels/zz.txt": "0 0 0 1 0 1 1"}, dataset([]), tmp_path)
    assert [(page.file_name, page.size) for page in pages] == [("zz", None)]


def test_voc_pngs_have_indices_the_original_palette_and_a_list():
    files, losses = unpacked("voc", OVERLAP)
    with Image.open(io.BytesIO(files["SegmentationObject/a.png"])) as image:
        assert image.mode == "P"
        # background, aeroplane, bicycle, bird, boat, ... and the void of the original data set
        palette = image.getpalette()
        assert palette[:15] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0, 0, 0, 128]
        assert palette[765:] == [224, 224, 192]
        instances = np.asarray(image)
    assert np.array_equal(instances == 2, RIGHT), "the smaller mask lies on top"
    assert np.array_equal(instances == 1, LEFT & ~RIGHT)
    with Image.open(io.BytesIO(files["SegmentationClass/a.png"])) as image:
        assert set(np.unique(np.asarray(image))) == {0, 2, 3}
    assert files["ImageSets/Segmentation/default.txt"] == b"a\n"
    assert files["labelmap.txt"].decode().splitlines()[1:3] == ["background:0,0,0::", "object:128,0,0::"]
    assert (
        "1 masks differ from what the file gives back, by 40 pixels at most; the lowest IoU is 0.829"
        in losses.sentences()
    )
    assert "40 pixels where masks overlap keep only one of them" in losses.sentences()


def test_voc_void_is_no_mask_and_the_class_is_that_of_most_pixels(tmp_path):
    def png(rows):
        stream = io.BytesIO()
        image = Image.fromarray(np.array(rows, np.uint8), "P")
        image.putpalette(bytes(768))
        image.save(stream, "PNG")
        return stream.getvalue()

    files = {
        "VOC/SegmentationObject/a.png": png([[1, 1, 255], [1, 0, 2]]),
        "VOC/SegmentationClass/a.png": png([[2, 2, 255], [1, 0, 9]]),
        "VOC/labelmap.txt": "background:0,0,0::\ncat:1,2,3::\ndog:4,5,6::\n",
    }
    (page,) = read("voc", files, dataset([("a.png", (2, 3), [])]), tmp_path)
    assert [mask.category for mask in page.masks] == ["dog", None]
    assert [int(coco_rle.decode(mask.counts, (2, 3)).sum()) for mask in page.masks] == [3, 1]


def test_voc_refuses_more_categories_than_a_byte_holds_and_tells_of_masks_beyond():
    many = [Category(number, f"c{number}") for number in range(1, 256)]
    with pytest.raises(FormatError, match="VOC has room for 254 categories, this workspace has 255"):
        written(get("voc"), dataset([("a.png", (2, 2), [np.ones((2, 2), bool)])], categories=many))
    masks = np.zeros((260, 20, 20), bool)
    masks[np.arange(260), np.arange(260) // 20, np.arange(260) % 20] = True
    losses = written(get("voc"), dataset([("a.png", (20, 20), list(masks))]))[1]
    assert (losses.masks, losses.missing) == (254, 6)
    assert "6 masks are not in the file" in losses.sentences()


def test_panoptic_files_keep_coco_s_rules_and_refuse_overlaps():
    files, _ = unpacked("coco-panoptic", NESTED)
    file = json.loads(files["panoptic.json"])
    assert all(category["isthing"] == 1 for category in file["categories"])
    images = {image["id"]: image for image in file["images"]}
    for annotation in file["annotations"]:
        with Image.open(io.BytesIO(files[f"panoptic/{annotation['file_name']}"])) as image:
            colours = np.asarray(image).astype(int)
        ids = colours[..., 0] + 256 * colours[..., 1] + 256**2 * colours[..., 2]
        assert set(np.unique(ids)) - {0} == {segment["id"] for segment in annotation["segments_info"]}
        for segment in annotation["segments_info"]:
            assert segment["area"] == (ids == segment["id"]).sum()
            assert segment["iscrowd"] == 0
        assert ids.shape == (images[annotation["image_id"]]["height"], images[annotation["image_id"]]["width"])
    with pytest.raises(FormatError, match=r"masks of a\.png overlap, which COCO panoptic cannot hold"):
        written(get("coco-panoptic"), OVERLAP)


def test_results_score_perfectly_against_the_instance_file(tmp_path, capsys):
    for name in ("coco", "coco-results"):
        (tmp_path / name).write_bytes(written(get(name), NESTED)[0])
    results = json.loads((tmp_path / "coco-results").read_text())
    assert all(set(row) == {"image_id", "category_id", "segmentation", "score"} for row in results)
    truth = COCO(str(tmp_path / "coco"))
    evaluation = COCOeval(truth, truth.loadRes(results), "segm")
    evaluation.evaluate()
    evaluation.accumulate()
    evaluation.summarize()
    assert evaluation.stats[0] == pytest.approx(1.0)


def test_results_of_unknown_images_are_named_and_instance_files_refused(tmp_path):
    row = {"image_id": 3, "category_id": 1, "score": 0.5, "segmentation": {"size": [2, 2], "counts": [0, 4]}}
    (tmp_path / "x.json").write_text(json.dumps([row]))
    assert [page.file_name for page in get("coco-results").read(tmp_path / "x.json", Known())] == ["image 3"]
    (tmp_path / "x.json").write_text('{"images": []}')
    with pytest.raises(FormatError, match="is no list of results: COCO instance files are read as coco"):
        list(get("coco-results").read(tmp_path / "x.json", Known()))


def test_labelme_groups_the_parts_of_a_mask_and_keeps_the_box_inside():
    files, _ = unpacked("labelme", dataset([("a.png", (30, 40), [GOLDEN["two parts"]])]), "polygons")
    shapes = json.loads(files["a.json"])["shapes"]
    assert [(shape["shape_type"], shape["group_id"]) for shape in shapes] == [("polygon", 1), ("polygon", 1)]
    files, _ = unpacked("labelme", dataset([("a.png", (17, 13), [GOLDEN["corner pixel"]])]))
    file = json.loads(files["a.json"])
    assert file["shapes"][0]["points"] == [[12, 16], [12, 16]], "both corners are pixels of the mask"
    assert (file["imagePath"], file["imageHeight"], file["imageWidth"], file["imageData"]) == ("a.png", 17, 13, None)


def test_labelme_shapes_that_are_no_masks_are_named(tmp_path):
    shapes = [
        {"label": "cat", "points": [[0, 0], [4, 4]], "shape_type": "rectangle", "group_id": None},
        {"label": "cat", "points": [[0, 0], [9, 9]], "shape_type": "mask", "mask": "AAAA"},
        {"label": "cat", "points": [[0, 0], [4, 0], [4, 4]], "shape_type": "polygon", "group_id": None},
    ]
    file = {"imagePath": "..\\images\\a.png", "imageHeight": 8, "imageWidth": 9, "shapes": shapes}
    (page,) = read("labelme", {"labels/a.json": json.dumps(file)}, dataset([]), tmp_path)
    assert page.file_name == "images/a.png"
    assert [mask.place for mask in page.masks] == [2]
    assert page.faults[0] == "shape 1 (cat): shapes of type rectangle are no masks"
    assert page.faults[1].startswith("shape 2 (cat): its mask is no PNG")


def test_cvat_xml_has_labels_images_and_masks_within_their_box():
    files, _ = unpacked("cvat", golden_cases()["a quote and markup in the name"])
    root = ElementTree.fromstring(files["annotations.xml"])
    assert root.findtext("version") == "1.1"
    assert [label.findtext("name") for label in root.iter("label")] == [category.name for category in CATEGORIES]
    (image,) = root.iter("image")
    assert image.get("name") == "it's \"<b>&amp;.png"
    (mask,) = image.iter("mask")
    assert sum(map(int, mask.get("rle").split(","))) == int(mask.get("width")) * int(mask.get("height"))
    assert {each.get("name"): each.text for each in mask.iter("attribute")} == {
        "score": "0.123457",
        "state": "accepted",
    }
    assert "Convert masks to polygons" in get("cvat").notes[0]


def test_cvat_polygons_are_read_other_shapes_named_and_entities_refused(tmp_path):
    xml = (
        '<annotations><image id="0" name="a.png" width="9" height="8">'
        '<polygon label="cat" points="1,1;5,1;5,5;1,5"/><box label="cat" xtl="0" ytl="0" xbr="1" ybr="1"/>'
        '<mask label="cat" rle="1, 2" left="0" top="0" width="2" height="2"/></image></annotations>'
    )
    (tmp_path / "a.xml").write_text(xml)
    (page,) = get("cvat").read(tmp_path / "a.xml", Known())
    assert [(mask.category, int(coco_rle.decode(mask.counts, (8, 9)).sum())) for mask in page.masks] == [("cat", 16)]
    assert page.faults[0] == "box 2 (cat): no mask and no polygon"
    assert page.faults[1].startswith("mask 3 (cat): the RLE sums to 3")
    (tmp_path / "a.xml").write_text('<!DOCTYPE a [<!ENTITY b "c">]>' + xml)
    with pytest.raises(FormatError, match="defines entities"):
        list(get("cvat").read(tmp_path / "a.xml", Known()))


def test_the_summary_has_a_line_a_mask_and_no_formulas():
    content, losses = written(
        get("csv"), dataset([("=cmd.png", m.shape, [m]) for m in [GOLDEN["two holes"]]], score=0.25)
    )
    head, line, *rest = content.decode().splitlines()
    assert rest == []
    values = dict(zip(head.split(","), line.split(","), strict=True))
    assert (values["image"], values["parts"], values["holes"], values["score"]) == ("'=cmd.png", "1", "2", "0.25")
    assert (values["x"], values["y"], values["w"], values["h"]) == ("1", "1", "28", "10")
    assert int(values["area"]) == GOLDEN["two holes"].sum()
    assert losses.sentences() == ["1 masks leave as numbers, without their pixels"]


def test_crops_hold_the_image_within_the_mask_and_tell_of_images_that_cannot_be_read(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (page,) = OVERLAP.pages()
    shown = replace(page, picture=replace(page.picture, path=str(tmp_path / "a.png")))
    files, losses = unpacked("crops", replace(OVERLAP, pages=lambda: iter([shown])))
    with Image.open(io.BytesIO(files["crops/a.png/2.png"])) as image:
        crop = np.asarray(image)
    assert np.array_equal(crop[..., :3], pixels[8:12, 10:28])
    assert crop[..., 3].all()
    assert losses.exact
    lost = written(get("crops"), OVERLAP)[1]
    assert (lost.masks, lost.missing) == (0, 2)
    assert lost.sentences()[-1].startswith("2 masks have no crop: their image cannot be read")


@pytest.mark.parametrize(
    ("text", "instead"),
    [("masks/a.png/1.png", "../../../etc/passwd"), (",2,2,18,13", ",20,2,18,13"), (",2,2,18,13", ",2,2,x,13")],
)
def test_damaged_tables_name_the_mask_and_reach_no_other_file(text, instead, tmp_path):
    files, _ = unpacked("masks", OVERLAP)
    table = files["masks.csv"].decode()
    assert text in table
    (page,) = read("masks", files | {"masks.csv": table.replace(text, instead)}, OVERLAP, tmp_path)
    assert [mask.place for mask in page.masks] == [1]
    assert len(page.faults) == 1


def test_a_file_that_unpacks_to_too_much_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 10)
    (tmp_path / "x.zip").write_bytes(written(get("datumaro"), OVERLAP)[0])
    with pytest.raises(FormatError, match=r"default.json would be larger than"):
        list(get("datumaro").read(tmp_path / "x.zip", Known()))


def test_sizes_that_no_image_has_are_refused_before_memory_is_taken(tmp_path):
    huge = {"imagePath": "a.png", "imageHeight": 10**6, "imageWidth": 10**6, "shapes": []}
    table = unpacked("masks", OVERLAP)[0]["masks.csv"].decode().replace(",30,20,", ",1000000,1000000,")
    xml = '<annotations><image name="a.png" width="1000000" height="1000000"/></annotations>'
    for name, files in (
        ("labelme", {"a.json": json.dumps(huge)}),
        ("masks", {"masks.csv": table}),
        ("cvat", {"annotations.xml": xml}),
    ):
        with pytest.raises(FormatError, match="states 1000000 x 1000000 pixels, more than any image"):
            read(name, files, OVERLAP, tmp_path)


def test_datumaro_tells_images_apart_that_share_their_stem():
    files, losses = unpacked("datumaro", golden_cases()["the same name but for the suffix"])
    items = json.loads(files["annotations/default.json"])["items"]
    assert [item["id"] for item in items] == ["x", "x.png"]
    assert losses.exact


def test_scores_and_states_are_lost_only_where_told():
    for name in ("coco", "datumaro", "cvat", "labelme", "masks"):
        data = dataset([("a.png", (20, 30), [LEFT, RIGHT])], score=0.125, state="unsure")
        assert written(get(name), data)[1].sentences() == []

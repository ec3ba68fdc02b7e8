"""A Pascal VOC folder as ground truth."""

import numpy as np
import pytest
from PIL import Image

from freesolo.codecs import coco_rle
from freesolo.evaluation import evaluate
from freesolo.instances import Instances
from tests.trainers.scoring.voc_folder import DOG, HEIGHT, PERSON, WIDTH, make, objects_and_classes
from trainers.errors import UsageError
from trainers.scoring.truth import read_truth
from trainers.scoring.voc import CLASSES, read_voc


@pytest.fixture
def folder(tmp_path):
    return make(tmp_path / "VOC2012")


def result(image, mask, score=0.9, **more):
    code = {"size": [HEIGHT, WIDTH], "counts": coco_rle.encode(mask).decode()}
    return {"image_id": image, "segmentation": code, "score": score, **more}


def test_objects_classes_and_void(folder):
    truth = read_voc(folder, "masks")
    assert [row["file_name"] for row in truth["images"]] == [
        "JPEGImages/2007_000001.jpg",
        "JPEGImages/2007_000002.jpg",
    ]
    assert [(row["image_id"], row["category_id"], row["area"]) for row in truth["annotations"]] == [
        (1, DOG, 400), (1, PERSON, 375), (2, DOG, 400), (2, PERSON, 375),
    ]  # fmt: skip
    assert truth["annotations"][1]["bbox"] == [35, 5, 15, 25]
    assert [CLASSES[number - 1] for number in (1, DOG, PERSON, 20)] == ["aeroplane", "dog", "person", "tvmonitor"]
    objects, _ = objects_and_classes()
    void = coco_rle.decode(truth["images"][0]["void"]["counts"], (HEIGHT, WIDTH))
    np.testing.assert_array_equal(void, objects == 255)


def test_a_mask_that_covers_the_void_border_is_as_good_as_one_that_does_not(folder):
    objects, _ = objects_and_classes()
    fat = np.zeros_like(objects, bool)
    fat[3:27, 3:27] = True  # one pixel beyond the void
    wide = np.zeros_like(objects, bool)
    wide[4:26, 4:26] = True
    truth = read_voc(folder, "masks")
    people = [result(image, objects == 2, category_id=PERSON) for image in (1, 2)]
    figures = evaluate(truth, [*people, *(result(image, wide, category_id=DOG) for image in (1, 2))]).figures
    assert figures["AP"] == pytest.approx(100)
    beyond = evaluate(truth, [*people, *(result(image, fat, category_id=DOG) for image in (1, 2))]).figures
    assert beyond["AP"] < 100
    by_class = evaluate(truth, people, classes=True).by_class
    assert (by_class["dog"]["AP"], by_class["person"]["AP"]) == (0, pytest.approx(100))


def test_boxes_come_from_the_annotations_and_count_pixels_from_one(folder):
    truth = read_voc(folder, "boxes")
    boxes = [row["bbox"] for row in truth["annotations"]]
    assert boxes[:2] == [[5, 5, 20, 20], [35, 5, 15, 25]], "parts are no objects, difficult ones are"
    assert [row["area"] for row in truth["annotations"][:2]] == [400, 375]
    objects, _ = objects_and_classes()
    found = [result(image, objects == number) for image in (1, 2) for number in (1, 2)]
    figures = evaluate(truth, found, kind="boxes").figures
    assert (figures["AP"], figures["CorLoc"]) == (pytest.approx(100), 100)


def test_other_lists_and_the_folder_of_images(folder):
    (folder / "ImageSets" / "Segmentation" / "train.txt").write_text("2007_000002\n")
    truth = read_truth(folder, "masks", "train")
    assert [item.key for item in truth.items] == ["JPEGImages/2007_000002.jpg"]
    assert truth.items[0].path == str(folder / "JPEGImages" / "2007_000002.jpg")
    assert truth.known_as is None


def test_numbers_of_a_voc_png_are_those_of_its_palette(folder):
    with Image.open(folder / "SegmentationClass" / "2007_000001.png") as image:
        assert image.getpalette()[3 * PERSON : 3 * PERSON + 3] == [192, 128, 128], "VOC's colour of a person"
    assert Instances.from_masks(objects_and_classes()[0][None] == 1, [1]).areas[0] == 400


@pytest.mark.parametrize(
    ("damage", "kind", "sentence"),
    [
        (lambda f: (f / "ImageSets/Segmentation/val.txt").unlink(), "masks", "has no list ImageSets/Segmentation/val.t"),
        (lambda f: (f / "ImageSets/Segmentation/val.txt").write_text("\n"), "masks", "val.txt names no image"),
        (lambda f: (f / "SegmentationObject/2007_000002.png").unlink(), "masks", "2007_000002.png cannot be read"),
        (lambda f: Image.new("RGB", (60, 40)).save(f / "SegmentationObject/2007_000001.png"), "masks", "no palette PNG"),
        (lambda f: Image.new("L", (6, 4)).save(f / "SegmentationClass/2007_000001.png"), "masks", "has another size"),
        (lambda f: Image.new("L", (60, 40)).save(f / "SegmentationClass/2007_000001.png"), "masks", "none of VOC's 20"),
        (lambda f: (f / "Annotations/2007_000001.xml").unlink(), "boxes", "2007_000001.xml cannot be read"),
        (lambda f: (f / "Annotations/2007_000001.xml").write_text("<a>"), "boxes", "is not an annotation of VOC"),
        (lambda f: (f / "Annotations/2007_000001.xml").write_text("<a/>"), "boxes", "is not an annotation of VOC"),
    ],
)  # fmt: skip
def test_what_is_not_voc_is_told(folder, damage, kind, sentence):
    damage(folder)
    with pytest.raises(UsageError, match=sentence):
        read_voc(folder, kind)


def test_lists_that_are_there_are_named(folder):
    with pytest.raises(UsageError, match="it has the lists val"):
        read_voc(folder, "masks", "train07")
    with pytest.raises(UsageError, match="name a folder like VOCdevkit/VOC2012"):
        read_voc(folder.parent, "masks")

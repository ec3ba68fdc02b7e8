"""The labelling interface of a project."""

from xml.etree import ElementTree

import numpy as np
import pytest

from app.errors import LabelStudioError
from app.labelstudio import interface, regions
from app.labelstudio.interface import Label
from app.labelstudio.regions import PushedMask
from freesolo.codecs import coco_rle

CAT, DOG = Label('a "cat" & <tom> ü', "#112233"), Label("dog", "#445566")


def labels_of(config):
    """{tool: [labels]}."""
    root = ElementTree.fromstring(config)
    return {each.get("name"): [label.get("value") for label in each] for each in root if each.tag.endswith("Labels")}


def test_each_tool_has_each_category():
    assert labels_of(interface.write([CAT, DOG])) == {"brush": [CAT.name, DOG.name], "polygon": [CAT.name, DOG.name]}


def test_what_is_complete_stays_as_it_is_to_the_letter():
    config = interface.write([CAT, DOG]).replace("<View>", "<View>\n<!-- ours --><Header value='Hello'/>")
    assert interface.completed(config, [CAT]) == (config, [])


def test_missing_labels_are_added_to_each_tool_and_the_rest_stays():
    config = interface.write([CAT]).replace("<View>", "<View><Header value='Hello'/>")
    config = config.replace("</PolygonLabels>", '<Label value="dog"/></PolygonLabels>')
    found, missing = interface.completed(config, [CAT, DOG])
    assert missing == ["dog"]
    assert labels_of(found) == {"brush": [CAT.name, DOG.name], "polygon": [CAT.name, DOG.name]}
    assert "Hello" in found


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ("<View>", "is no XML"),
        ("<!DOCTYPE x><View/>", "defines entities"),
        ("<View/>", "does not show the picture"),
        ('<View><Image name="image" value="$url"/></View>', "does not show the picture"),
        ('<View><Image name="image" value="$image"/></View>', "has no <BrushLabels name='brush'>"),
    ],
)
def test_an_interface_that_cannot_take_our_masks_is_told(config, sentence):
    with pytest.raises(LabelStudioError, match=sentence):
        interface.completed(config, [CAT])


def test_what_does_not_fit_the_interface_is_told_in_label_studios_words():
    config = interface.write([CAT])
    disc = np.zeros((6, 8), np.uint8)
    disc[2:4, 3:6] = 1
    counts = coco_rle.encode(disc).decode("ascii")

    def prediction(label):
        return {"result": regions.write(PushedMask(1, counts, label, 0.5), (6, 8), "brush"), "score": 0.5}

    assert interface.fault(config, [prediction(CAT.name)]) is None
    assert "dog" in (interface.fault(config, [prediction(CAT.name), prediction(DOG.name)]) or "")

"""What holds for every format."""

import io
import zipfile
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from app.errors import FormatError
from app.formats.registry import FORMATS, get
from app.services.walk import portable
from freesolo.codecs import coco_rle
from tests.app.formats.cases import by_image, dataset, golden_cases, known, with_images, written

WAYS = [(name, encoding) for name, format_ in FORMATS.items() for encoding in format_.encodings or ("",)]
CASES = golden_cases()
EXACT = {
    "coco rle",
    "coco polygons",
    "coco-results",
    "masks",
    "crops",
    "datumaro",
    "cvat",
    "labelme masks",
    "labelme polygons",
    "yolo",
}
"""Ways that give back every pixel of every mask, whatever the masks."""


def way_id(way):
    return " ".join(filter(None, way))


@pytest.fixture(params=WAYS, ids=way_id)
def way(request):
    return request.param


@pytest.fixture(params=CASES)
def case(request, tmp_path):
    return with_images(CASES[request.param], tmp_path)


def test_what_comes_back_is_exact_or_told(way, case, tmp_path):
    """The loss report, made while writing, says what the file as a whole gives back."""
    format_, encoding = get(way[0]), way[1]
    if format_.name == "coco-panoptic" and overlaps(case):
        with pytest.raises(FormatError, match=r"masks of a/x.png overlap, .* or export as coco"):
            written(format_, case, encoding)
        return
    content, losses = written(format_, case, encoding)
    assert losses.images == len(list(case.pages()))
    path = tmp_path / f"x{format_.suffix}"
    path.write_bytes(content)
    if not format_.reads:
        with pytest.raises(FormatError, match="holds no masks that could be read back"):
            list(format_.read(path, known(case)))
        return
    back = by_image(format_.read(path, known(case)))
    expected = by_image_written(case)
    assert not [name for name in back if name not in expected]
    pixels = {(name, counts) for name, masks in expected.items() for counts, *_ in masks}
    found = {(name, counts) for name, masks in back.items() for counts, *_ in masks}
    assert losses.exact == (pixels == found), losses.sentences()
    if way_id(way) in EXACT and not losses.same_stem_count:
        assert losses.exact
    if losses.exact and not losses.scores | losses.states | losses.categories:
        assert {name: masks for name, masks in expected.items() if masks} == {n: m for n, m in back.items() if m}


def overlaps(data):
    """Whether masks of one image share a pixel."""
    pages = [[coco_rle.decode(mask.counts, page.picture.size) for mask in page.masks] for page in data.pages()]
    return any((np.sum(masks, axis=0) > 1).any() for masks in pages if masks)


def by_image_written(data):
    names = {category.id: category.name for category in data.categories}
    return {
        page.picture.file_name: [(m.counts, names[m.category_id], m.score, m.state) for m in page.masks]
        for page in data.pages()
    }


def test_the_same_data_gives_the_same_bytes(way, tmp_path):
    for name in ("donut", "names with # and %"):
        data = with_images(CASES[name], tmp_path)
        assert written(get(way[0]), data, way[1])[0] == written(get(way[0]), data, way[1])[0]


def test_nothing_but_one_image_is_held(way, tmp_path):
    """Images are asked for one by one, each when the one before it is encoded."""
    format_ = get(way[0])
    data = with_images(dataset([(f"{n}.png", (20, 30), [np.ones((20, 30), bool)]) for n in range(30)]), tmp_path)
    asked, encoded = [], []
    real = type(format_).encode

    class Watched(type(format_)):
        def encode(self, page, head):
            encoded.append(page)
            return real(self, page, head)

    def pages():
        for page in data.pages():
            asked.append(len(encoded))
            yield page

    Watched().write(io.BytesIO(), replace(data, pages=pages), way[1])
    assert asked == list(range(30))


def test_a_way_is_described(way):
    format_ = get(way[0])
    assert format_.name == way[0]
    assert all([format_.title, format_.keeps, format_.loses, format_.suffix.startswith(".")])


def test_unknown_formats_are_refused():
    with pytest.raises(FormatError, match="unknown format 'x': there are coco, "):
        get("x")


@pytest.mark.parametrize("name", [name for name, format_ in FORMATS.items() if format_.reads])
@pytest.mark.parametrize("content", [b"", b"\x00\xff\xfe", b"{}", b"[3]", b"PK\x05\x06" + bytes(18), b"<a"], ids=repr)
def test_foreign_and_damaged_files_are_refused_or_hold_nothing(name, content, tmp_path):
    for suffix in (".json", ".zip", ".xml", ".txt"):
        path = tmp_path / f"x{suffix}"
        path.write_bytes(content)
        with suppress(FormatError):
            assert not any(page.masks for page in get(name).read(path, known(CASES["donut"])))


def test_missing_files_are_refused(tmp_path):
    for format_ in FORMATS.values():
        if format_.reads:
            with pytest.raises(FormatError, match=r"does not exist|cannot be read"):
                list(format_.read(tmp_path / "none", known(CASES["donut"])))


@pytest.mark.parametrize("name", ["masks", "labels", "datumaro", "cvat", "yolo", "voc", "labelme", "coco-panoptic"])
def test_a_folder_of_unpacked_files_is_read_like_the_zip(name, tmp_path):
    format_ = get(name)
    content, _ = written(format_, CASES["names with # and %"])
    zipfile.ZipFile(io.BytesIO(content)).extractall(tmp_path / "unpacked")
    (tmp_path / "x.zip").write_bytes(content)
    info = known(CASES["names with # and %"])
    assert by_image(format_.read(tmp_path / "unpacked", info)) == by_image(format_.read(tmp_path / "x.zip", info))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
@pytest.mark.parametrize("name", sorted(EXACT - {"crops"}))
def test_any_masks_come_back(name, data, tmp_path):
    size = data.draw(st.tuples(st.integers(1, 12), st.integers(1, 12)))
    masks = data.draw(st.lists(arrays(bool, size), max_size=4))
    name_of = data.draw(
        st.text(st.characters(exclude_categories=["C"], exclude_characters="/\\:"), min_size=1, max_size=9)
    )
    file_name = portable(f"a/{name_of}.png")
    full = [mask for mask in masks if mask.any()]
    case = dataset([(file_name, size, full)], score=0.5, state="unsure")
    format_name, _, encoding = name.partition(" ")
    content, losses = written(get(format_name), case, encoding)
    assert losses.exact
    path = tmp_path / f"x{get(format_name).suffix}"
    path.write_bytes(content)
    back = by_image(get(format_name).read(path, known(case)))
    assert [m[0] for m in back.get(file_name, [])] == [coco_rle.encode(mask).decode() for mask in full]

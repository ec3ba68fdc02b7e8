import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from app.services import catalogue, duplicates, ingest, looks
from app.services.duplicates import groups, same_pictures
from app.store.looks import Look
from tests.app.services.test_looks import picture


def look(image_id, value, embedding=None, proposer="p@1"):
    row = None if embedding is None else np.asarray(embedding, "<f2").tobytes()
    return Look(image_id, "1", proposer, value, row)


def test_close_hashes_are_one_picture_and_far_ones_two():
    assert same_pictures([look(1, 0), look(2, 0xFF), look(3, 0x1FF)]) == [(0, 1), (1, 2)]


def test_a_mirrored_picture_is_the_same():
    assert same_pictures([look(1, 5), look(2, 5 ^ looks.MIRRORED)]) == [(0, 1)]


def test_between_close_and_far_the_embeddings_decide():
    near, far = 0, (1 << 14) - 1
    assert same_pictures([look(1, near, [1, 0]), look(2, far, [1, 0.01])]) == [(0, 1)]
    assert same_pictures([look(1, near, [1, 0]), look(2, far, [0, 1])]) == []
    assert same_pictures([look(1, near, [1, 0]), look(2, far)]) == []
    assert same_pictures([look(1, near, [1, 0]), look(2, far, [1, 0], "q@1")]) == []
    assert same_pictures([look(1, near, [1, 0]), look(2, (1 << 20) - 1, [1, 0])]) == []


@given(st.lists(st.tuples(st.integers(0, 19), st.integers(0, 19)).filter(lambda pair: pair[0] != pair[1]), max_size=30))
def test_groups_are_the_connected_parts_named_by_their_first(pairs):
    ids = list(range(100, 120))
    found = groups(ids, pairs)
    parts = {k: {k} for k in range(20)}
    for a, b in pairs:
        joined = parts[a] | parts[b]
        parts.update(dict.fromkeys(joined, joined))
    expected = {ids[k]: ids[min(part)] for k, part in parts.items() if len(part) > 1}
    assert found == expected


def test_copies_in_a_folder_are_grouped_and_ungrouped(ws, tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    original = Image.fromarray(picture(1))
    original.save(folder / "a.png")
    Image.fromarray(picture(2)).save(folder / "b.png")
    original.resize((90, 70)).save(folder / "c.jpg", quality=40)
    ImageOps.mirror(original).save(folder / "d.png")
    ingest.import_folder(ws, folder)
    looks.refresh(ws)
    assert duplicates.regroup(ws) == 3
    page = catalogue.list_images(ws, only="alike")
    assert [row.name for row in page.rows] == ["a.png", "c.jpg", "d.png"]
    assert page.alike == {1: 3}
    assert (catalogue.special(ws).alike, catalogue.special(ws).groups) == (3, 1)

    Image.fromarray(picture(3)).save(folder / "c.jpg")
    Image.fromarray(picture(4)).save(folder / "d.png")
    ingest.import_folder(ws, folder)
    looks.refresh(ws)
    assert duplicates.regroup(ws) == 0
    assert catalogue.list_images(ws, only="alike").rows == []

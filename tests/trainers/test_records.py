import base64
import json

import numpy as np
import pytest

from freesolo.errors import CodecError
from freesolo.instances import Instances
from trainers.records import Failure, Record, latest, parse


def record(key="a.png", proposer="p@1", embeddings=None, **more):
    masks = np.zeros((2, 3, 5), bool)
    masks[0, 1:, 2:4] = True
    masks[1, 0] = True
    scores = np.array([0.9, 1 / 3], np.float32)
    return Record(key, f"/photos/{key}", proposer, 1.23456, Instances.from_masks(masks, scores, embeddings), **more)


def test_a_record_comes_back_as_it_was():
    before = record(embeddings=np.array([[1, 2.5], [-3, 0]], np.float32), hierarchy="h.npz", note="16-bit")
    after = parse(before.to_line())
    assert isinstance(after, Record)
    assert (after.key, after.path, after.proposer, after.seconds) == ("a.png", "/photos/a.png", "p@1", 1.235)
    assert (after.hierarchy, after.note) == ("h.npz", "16-bit")
    assert after.instances.size == (3, 5)
    assert after.instances.counts == before.instances.counts
    np.testing.assert_array_equal(after.instances.scores, before.instances.scores)
    np.testing.assert_array_equal(after.instances.embeddings, before.instances.embeddings)


def test_the_line_has_the_agreed_fields():
    row = json.loads(record(embeddings=np.array([[1, 2, 3], [4, 5, 6]])).to_line())
    assert list(row) == [
        "key", "path", "width", "height", "proposer", "seconds", "instances", "embeddings", "embedding_dim",
        "hierarchy", "note",
    ]  # fmt: skip
    assert (row["width"], row["height"], row["embedding_dim"]) == (5, 3, 3)
    assert row["instances"][0] == {"counts": record().instances.counts[0].decode(), "score": 0.9}
    half = np.frombuffer(base64.b64decode(row["embeddings"]), np.float16).reshape(2, 3)
    np.testing.assert_array_equal(half, [[1, 2, 3], [4, 5, 6]])


def test_categories_come_back_and_are_absent_where_there_are_none():
    named = Instances.from_masks(np.ones((2, 3, 5), bool), [0.9, 0.1], categories=["dog", "Käfer"])
    line = Record("k", "/k", "p", 0.0, named).to_line()
    assert [mask["category"] for mask in json.loads(line)["instances"]] == ["dog", "Käfer"]
    assert parse(line).instances.categories == ("dog", "Käfer")
    assert all("category" not in mask for mask in json.loads(record().to_line())["instances"])
    assert parse(record().to_line()).instances.categories is None


@pytest.mark.parametrize("embeddings", [None, np.zeros((0, 4), np.float32)])
def test_an_image_without_masks_is_a_record_too(embeddings):
    nothing = Instances.from_counts((4, 4), [], [], embeddings)
    after = parse(Record("k", "/k", "p", 0.0, nothing).to_line())
    assert len(after.instances) == 0
    assert (after.instances.embeddings is None) == (embeddings is None)


@pytest.mark.parametrize("name", ["plain", "with space #1 100%", "ümläut 图.png", "bad-\udcff-byte.png", 'q"\n\\'])
def test_any_name_survives_on_one_ascii_line(name):
    for row in (record(key=name), Failure(name, "/x/" + name, f"{name}: is no image")):
        line = row.to_line()
        assert line.isascii()
        assert line.count(b"\n") == 1
        assert parse(line).key == name


def test_a_score_that_is_no_number_is_refused():
    bad = Instances.from_masks(np.ones((1, 2, 2), bool), [np.nan])
    with pytest.raises(ValueError, match="JSON"):
        Record("k", "/k", "p", 0.0, bad).to_line()


NOT_ASCII = record().to_line().replace(b'"counts":"', b'"counts":"\\u00e9')


@pytest.mark.parametrize("line", [b"", b"{", b"[]", b'"text"', b"{}", b'{"key": "k", "path": "/k"}', NOT_ASCII])
def test_what_is_no_line_is_refused(line):
    with pytest.raises(CodecError, match="not a line"):
        parse(line)


def test_the_last_line_of_a_key_counts_and_a_torn_one_does_not(tmp_path):
    path = tmp_path / "r.jsonl"
    lines = [record("a", "old"), record("b"), Failure("c", "/c", "damaged"), record("a", "new")]
    path.write_bytes(b"".join(line.to_line() for line in lines) + record("d").to_line()[:40])
    found = list(latest(path))
    assert [row.key for row in found] == ["b", "c", "a"]
    assert found[2].proposer == "new"
    assert found[1] == Failure("c", "/c", "damaged")


def test_a_foreign_line_is_named(tmp_path):
    path = tmp_path / "r.jsonl"
    path.write_bytes(record().to_line() + b"hello\n")
    with pytest.raises(CodecError, match=r"r\.jsonl, line 2"):
        list(latest(path))

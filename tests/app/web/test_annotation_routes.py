"""Annotations that the browser sends: checked, imported, and asked about where they contradict decisions."""

import json

import pytest

from app.formats.registry import FORMATS
from app.services import review
from app.services.review import Operation


@pytest.fixture
def exported(client, reviewed):
    """What leaves the workspace as COCO, all masks accepted; (dictionary, masks of the first image)."""
    ws, masks = reviewed
    operations = [Operation(f"k{mask}", 1, "g", "state", mask, 0, "accepted") for mask in masks[1]]
    assert not review.apply(ws, "me", operations).conflicts
    return client.get("/api/export", params={"states": "accepted,pending"}).json(), masks[1]


def send(client, file):
    return client.post("/api/uploads/file", content=json.dumps(file).encode()).json()["id"]


def bring(client, sent, name="masks.json", **body):
    return client.post("/api/annotations", json={"file": {"id": sent, "name": name}, "format": "coco", **body})


def test_the_formats_are_those_that_can_be_read(client):
    names = [each["name"] for each in client.get("/api/annotations").json()["formats"]]
    assert names == [name for name, format_ in FORMATS.items() if format_.reads]


def test_conflicts_are_asked_about_and_decided_by_their_keys(client, reviewed, exported):
    ws, _ = reviewed
    file, (first, second, _) = exported
    for annotation in file["annotations"]:
        if annotation["id"] in (first, second):
            annotation["state"] = "rejected"
    file["images"][2] |= {"file_name": "gone.png", "content_hash": ""}
    sent = send(client, file)
    checked = bring(client, sent, dry_run=True).json()
    assert checked["words"] == (
        "0 masks would be added and 0 would be changed on 2 images; 4 are here already. 1 image of the file is not here. "
        "2 conflicts with decisions made here: ours stay until you choose."
    )
    assert checked["faults"] == [["gone.png", "there is no such image here"]]
    keys = {row["instance_id"]: row["key"] for row in checked["conflicts"]}
    assert {(row["image_id"], row["ours"], row["theirs"], row["can_both"]) for row in checked["conflicts"]} == {
        (1, "accepted", "rejected", False)
    }
    done = bring(client, sent, chosen={keys[first]: "theirs"}).json()
    assert "1 changed on 2 images" in done["words"]
    assert "1 conflict decided as you chose." in done["words"]
    assert [row["instance_id"] for row in done["conflicts"]] == [second]
    with ws.store.read() as tx:
        assert [mask.state for mask in tx.instances.of_image(1)] == ["rejected", "accepted", "accepted"]
    assert review.undo(ws, "local") is not None, "under the name of who sent it"
    assert client.post("/api/annotations/forget", json={"id": sent}).json() == {"is_here": False}
    assert not list((ws.path / "incoming").iterdir())
    answer = bring(client, sent)
    assert (answer.status_code, answer.json()["error"]) == (404, "the file is no longer here: choose it again")


@pytest.mark.parametrize("name", ["../../../evil.json", "..", "/", "\\..\\x.json", "a" * 1000, "x\0y"])
def test_a_file_stays_inside_the_workspace_whatever_it_is_called(client, reviewed, exported, tmp_path, name):
    answer = bring(client, send(client, exported[0]), name)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 200 or "cannot be kept here" in answer.json()["error"]
    outside = [path for path in tmp_path.rglob("*.json") if reviewed[0].path / "incoming" not in path.parents]
    assert outside == []


def test_what_is_no_such_file_is_one_sentence(client, exported):
    sent = send(client, {"images": 3})
    assert bring(client, sent).status_code == 400
    assert "unknown format" in bring(client, sent, format="x").json()["error"]
    assert bring(client, "../workspace.db").status_code == 422

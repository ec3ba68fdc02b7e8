"""The HTTP API: what each route answers, and how it refuses."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from app import jobs
from app.formats.registry import FORMATS
from app.services import catalogue, categories, ingest, review
from freesolo.codecs import coco_rle
from tests.app.helpers import make_image
from tests.app.services.goodness.test_goodness import filled  # noqa: F401  (a fixture)


def decision(key, instance_id, state="accepted", revision=0, image_id=1, **more):
    values = {"key": key, "image_id": image_id, "group": key, "action": "state", "instance_id": instance_id}
    return {**values, "revision": revision, "state": state, **more}


def decide(client, *operations):
    return client.post("/api/decisions", json={"operations": list(operations)})


def test_overview_counts_images_and_masks(client, reviewed):
    body = client.get("/api/overview").json()
    assert body["images"] == {"new": 0, "todo": 3, "doing": 0, "done": 0, "error": 0, "total": 3}
    assert body["instances"] == {"pending": 9, "accepted": 0, "rejected": 0, "unsure": 0}
    assert (body["job"], body["import"], body["who"]) == (None, None, "local")
    assert body["project"] == reviewed[0].project
    assert body["categories"][0]["id"] == 1


def test_overview_names_the_waiting_job(client, reviewed):
    job = jobs.submit(reviewed[0], "propose", {"proposer": "default", "limit": None, "image_ids": None})
    body = client.get("/api/overview").json()["job"]
    assert (body["id"], body["state"], body["kind"], body["done"]) == (job.id, "queued", "propose", 0)


def test_answers_are_not_stored(client):
    assert client.get("/api/overview").headers["cache-control"] == "no-store"


def test_images_come_in_pages_with_the_total(client):
    body = client.get("/api/images", params={"limit": 2, "offset": 1}).json()
    assert body["total"] == 3
    assert [row["name"] for row in body["rows"]] == ["b.png", "c.png"]
    assert body["rows"][0]["pending"] == body["rows"][0]["masks"] == 3


def test_images_are_filtered(client):
    assert client.get("/api/images", params={"search": "B.P"}).json()["total"] == 1
    assert client.get("/api/images", params={"status": "done"}).json() == {"total": 0, "rows": []}


@pytest.mark.parametrize(
    "query",
    ["status=lost", "only=me", "offset=-1", "limit=0", "limit=100000", f"offset={2**80}", "search=" + "x" * 999],
)
def test_nonsense_in_the_query_is_told(client, query):
    answer = client.get(f"/api/images?{query}")
    assert answer.status_code == 422
    assert query.split("=")[0] in answer.json()["error"]


def test_image_carries_its_masks_best_first(client, reviewed):
    body = client.get("/api/images/2").json()
    assert (body["name"], body["width"], body["height"], body["index"], body["total"]) == ("b.png", 8, 6, 1, 3)
    assert (body["previous"], body["next"]) == (1, 3)
    assert [mask["id"] for mask in body["instances"]] == reviewed[1][2]
    first = body["instances"][0]
    assert coco_rle.decode(first["counts"].encode(), (6, 8)).sum() == first["area"] == 1
    assert first["bbox"] == [0, 0, 1, 1]
    assert (first["state"], first["category_id"], first["edited"], first["revision"]) == ("pending", None, False, 0)


@pytest.mark.parametrize("path", ["images/99", "images/99/pixels", "images/99/thumbnail", "no/such/route"])
def test_what_is_not_there_is_404_in_words(client, path):
    answer = client.get(f"/api/{path}")
    assert answer.status_code == 404
    assert answer.json()["error"].startswith("there is no ")


@pytest.mark.parametrize("image_id", ["0", "-1", "x", "1.5", str(2**80), "..%2f..%2fetc%2fpasswd"])
@pytest.mark.parametrize("tail", ["", "/pixels", "/thumbnail"])
def test_ids_are_numbers(client, image_id, tail):
    assert client.get(f"/api/images/{image_id}{tail}").status_code in (404, 422)


def test_pixels_are_the_original_and_kept_by_version(client, reviewed):
    version = client.get("/api/images/1").json()["version"]
    answer = client.get("/api/images/1/pixels", params={"v": version})
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    folder = reviewed[0].path.parent / "photos"
    assert answer.content == (folder / "a.png").read_bytes()


@pytest.mark.parametrize("version", ["", "0" * 32])
def test_pixels_of_no_or_another_version_are_not_kept(client, version):
    assert client.get("/api/images/1/pixels", params={"v": version}).headers["cache-control"] == "no-store"


def deep_image(client, workspace):
    """A 16-bit ramp of values 0..47 beside one bright pixel, as image 4."""
    values = np.arange(48, dtype=np.uint16).reshape(6, 8)
    values[5, 7] = 60000
    path = workspace.path.parent / "photos" / "deep.png"
    Image.fromarray(values).save(path)
    ingest.import_folder(workspace, path.parent)
    return client.get("/api/images/4").json()


def gray(answer):
    with Image.open(io.BytesIO(answer.content)) as picture:
        return np.asarray(picture.convert("L"), int)


def test_deep_images_show_any_range_of_their_values(client, reviewed):
    body = deep_image(client, reviewed[0])
    assert (body["deep"], client.get("/api/images/1").json()["deep"]) == (True, False)
    whole = gray(client.get("/api/images/4/pixels", params={"low": 0, "high": 100}))
    assert whole[0, 0] <= 2
    assert whole[4, 7] <= 10, "the bright pixel takes all the range"
    answer = client.get("/api/images/4/pixels", params={"low": 0, "high": 97, "v": body["version"]})
    assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
    low = gray(answer)
    assert low[4, 7] > 150, "the ramp is seen, from all its bits"
    lighter = gray(client.get("/api/images/4/pixels", params={"low": 0, "high": 97, "gamma": 2}))
    assert lighter[2, 0] > low[2, 0] + 30


@pytest.mark.parametrize("query", ["low=0", "gamma=2"])
def test_a_range_of_values_is_for_deep_images(client, query):
    answer = client.get(f"/api/images/1/pixels?{query}")
    assert answer.status_code == 400
    assert "8 bits" in answer.json()["error"]


@pytest.mark.parametrize("query", ["low=-1", "high=101", "gamma=0", "gamma=nan", "low=x"])
def test_nonsense_ranges_are_told(client, query):
    assert client.get(f"/api/images/1/pixels?{query}").status_code == 422


def test_thumbnail_is_a_small_webp(client):
    answer = client.get("/api/images/1/thumbnail")
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[8:12] == b"WEBP"


def test_a_lost_original_is_told(client, reviewed):
    (reviewed[0].path.parent / "photos" / "a.png").unlink()
    answer = client.get("/api/images/1/pixels")
    assert answer.status_code == 404
    assert "a.png" in answer.json()["error"]


def test_next_goes_round_the_images_to_do(client):
    assert client.get("/api/next").json() == {"id": 1}
    assert client.get("/api/next", params={"after": 3, "status": "todo"}).json() == {"id": 1}
    assert client.get("/api/next", params={"after": 77}).status_code == 404


def test_decisions_are_saved_and_a_repeat_changes_nothing(client, reviewed):
    first, second, _ = reviewed[1][1]
    body = [decision("k1", first), decision("k2", second, "rejected")]
    answer = decide(client, *body)
    assert answer.status_code == 200
    assert answer.json() == {"saved": {"k1": 1, "k2": 1}, "created": {}, "images": {"1": "doing"}}
    assert decide(client, *body).json()["saved"] == {"k1": 1, "k2": 1}
    states = {mask.id: mask.state for mask in review.load(reviewed[0], 1).instances}
    assert (states[first], states[second]) == ("accepted", "rejected")


def test_a_burst_on_one_mask_counts_its_revision_up(client, reviewed):
    mask = reviewed[1][1][0]
    answer = decide(client, decision("k1", mask), decision("k2", mask, "unsure", revision=1))
    assert answer.json()["saved"] == {"k1": 1, "k2": 2}


def test_a_conflict_is_409_and_saves_the_rest(client, reviewed):
    first, second, _ = reviewed[1][1]
    decide(client, decision("theirs", first))
    answer = decide(client, decision("mine", first, "rejected"), decision("other", second))
    assert answer.status_code == 409
    body = answer.json()
    assert body["saved"] == {"other": 1}
    (conflict,) = body["conflicts"]
    assert (conflict["key"], conflict["instance"]["state"], conflict["instance"]["revision"]) == ("mine", "accepted", 1)
    assert "changed elsewhere" in conflict["message"]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"state": "liked"}, 422),
        ({"action": "explode"}, 422),
        ({"key": ""}, 422),
        ({"key": "k" * 300}, 422),
        ({"image_id": -3}, 422),
        ({"image_id": 2**70}, 422),
        ({"surprise": 1}, 422),
        ({"revision": None}, 400),
        ({"image_id": 77}, 404),
    ],
)
def test_malformed_decisions_save_nothing(client, reviewed, change, status):
    mask = reviewed[1][1][0]
    answer = decide(client, decision("good", mask), {**decision("bad", mask, revision=1), **change})
    assert answer.status_code == status
    assert answer.json()["error"]
    assert catalogue.overview(reviewed[0]).instances["accepted"] == 0


def test_too_many_decisions_at_once_are_refused(client, reviewed):
    assert decide(client, *[decision(f"k{i}", reviewed[1][1][0]) for i in range(5001)]).status_code == 422


def test_a_body_that_is_no_json_is_told(client):
    answer = client.post("/api/decisions", content=b"{", headers={"content-type": "application/json"})
    assert answer.status_code == 422
    assert answer.json()["error"].startswith("the request is malformed")


def test_undo_and_redo_travel(client, reviewed):
    mask = reviewed[1][2][1]
    decide(client, decision("k1", mask, image_id=2))
    undone = client.post("/api/undo", json={}).json()
    assert (undone["image_id"], undone["image_status"]) == (2, "todo")
    assert [(each["id"], each["state"]) for each in undone["instances"]] == [(mask, "pending")]
    redone = client.post("/api/redo", json={}).json()
    assert redone["instances"][0]["state"] == "accepted"
    assert redone["what"].startswith("Redone")


def test_undo_of_nothing_says_so(client):
    assert client.post("/api/undo", json={}).json() == {"image_id": None}


def test_finish_closes_an_image(client):
    operation = {"key": "f", "image_id": 3, "group": "f", "action": "finish"}
    assert decide(client, operation).json()["images"] == {"3": "done"}


def test_categories_are_unique_in_any_case(client):
    added = client.post("/api/categories", json={"name": "Cup"})
    assert added.status_code == 200
    assert added.json()["name"] == "Cup"
    again = client.post("/api/categories", json={"name": "cup"})
    assert again.status_code == 409
    assert "cup" in again.json()["error"]
    assert client.post("/api/categories", json={"name": "\x00"}).status_code == 400


def test_jobs_are_cancelled(client, reviewed):
    job = jobs.submit(reviewed[0], "propose", {"proposer": "default", "limit": None, "image_ids": None})
    assert client.post(f"/api/jobs/{job.id}/cancel", json={}).json()["state"] == "cancelled"
    assert client.post("/api/jobs/77/cancel", json={}).status_code == 404


def test_export_is_a_download_that_leaves_nothing_behind(client, reviewed):
    ws, masks = reviewed
    decide(client, decision("k1", masks[1][0]))
    before = set(ws.path.iterdir())
    answer = client.get("/api/export", params={"states": "accepted", "encoding": "polygons"})
    assert answer.headers["content-disposition"] == f'attachment; filename="{ws.project}-coco.json"'
    data = json.loads(answer.content)
    assert len(data["images"]) == 3
    assert len(data["annotations"]) == 1
    assert isinstance(data["annotations"][0]["segmentation"], list)
    assert set(ws.path.iterdir()) == before


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_is_downloaded_under_its_suffix(client, reviewed, name):
    ws, masks = reviewed
    decide(client, decision("k1", masks[1][0]))
    answer = client.get("/api/export", params={"format": name})
    assert answer.headers["content-disposition"] == f'attachment; filename="{ws.project}-{name}{FORMATS[name].suffix}"'
    assert answer.content[:2] == {".json": answer.content[:2], ".zip": b"PK", ".csv": b"id"}[FORMATS[name].suffix]


@pytest.mark.parametrize("query", ["states=liked", "encoding=png", "states=", "format=x", "format=yolo&encoding=rle"])
def test_export_refuses_nonsense(client, query):
    answer = client.get(f"/api/export?{query}")
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]


def test_uploads_keep_their_names_and_folders(client, tmp_path):
    source = make_image(tmp_path / "up.png", seed=9)
    sent = client.post("/api/uploads/file", content=source.read_bytes()).json()["id"]
    name = "räume/50% #1.png"
    assert client.post("/api/uploads", json={"files": [{"id": sent, "name": name}]}).json() == {"files": 1}
    importer = client.app.state.importer
    assert importer.join(20)
    assert importer.last().report.added == 1
    row = client.get("/api/images", params={"search": "50%"}).json()["rows"][0]
    assert row["name"].endswith(name)
    picture = client.get(f"/api/images/{row['id']}/pixels")
    (tmp_path / "back.png").write_bytes(picture.content)
    assert np.array_equal(Image.open(tmp_path / "back.png"), Image.open(source))


@pytest.mark.parametrize("file_id", ["../../workspace.db", "0" * 31, "g" * 32])
def test_uploads_are_known_by_our_own_names_alone(client, file_id):
    answer = client.post("/api/uploads", json={"files": [{"id": file_id, "name": "x.png"}]})
    assert answer.status_code == 422


def test_an_upload_that_is_gone_is_told(client):
    answer = client.post("/api/uploads", json={"files": [{"id": "0" * 32, "name": "x.png"}]})
    assert answer.status_code == 404
    assert "upload them again" in answer.json()["error"]


def test_uploaded_paths_stay_inside_the_workspace(client, reviewed, tmp_path):
    sent = client.post("/api/uploads/file", content=make_image(tmp_path / "up.png", seed=9).read_bytes()).json()["id"]
    client.post("/api/uploads", json={"files": [{"id": sent, "name": "../../../evil.png"}]})
    assert client.app.state.importer.join(20)
    assert not list(tmp_path.glob("**/../evil.png")) or (reviewed[0].path / "uploads" / "evil.png").exists()
    assert not (tmp_path / "evil.png").exists()
    assert not list((reviewed[0].path / "incoming").iterdir())


def test_a_bug_is_told_without_our_insides(client, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("secret path /x")

    monkeypatch.setattr(catalogue, "overview", broken)
    with pytest.raises(ZeroDivisionError):  # the server logs it
        client.get("/api/overview")


def test_the_history_of_an_image(client, reviewed):
    mask = reviewed[1][1][0]
    assert decide(client, decision("k", mask)).status_code == 200
    [event] = client.get("/api/images/1/history").json()["events"]
    assert (event["what"], event["instance_ids"], event["is_undone"]) == ("1 mask accepted", [mask], False)
    assert client.get("/api/images/2/history").json() == {"events": []}
    assert client.get("/api/images/99/history").status_code == 404


def test_names_that_masks_probably_have(client, filled):  # noqa: F811
    ws, masks = filled
    window = categories.add(ws, "window").id
    for place, mask in enumerate(masks[1]):
        decide(
            client,
            decision(f"a{place}", mask),
            decision(f"n{place}", mask, None, 1, action="category", category_id=window),
        )
    unnamed = client.get("/api/images/2").json()["instances"]
    suggested = {each["id"]: each["suggested"] for each in unnamed if each["suggested"]}
    assert {each["category_id"] for each in suggested.values()} == {window}
    answer = client.get("/api/suggestions", params={"ids": masks[2]}).json()
    assert {int(key): value for key, value in answer.items()} == suggested
    assert all(each["suggested"] is None for each in client.get("/api/images/1").json()["instances"])
    assert client.get("/api/suggestions", params={"ids": [0] * 401}).status_code == 422

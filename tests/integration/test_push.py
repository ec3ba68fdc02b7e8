"""Masks go to a real Label Studio."""

from pathlib import Path

import pytest

from app.errors import LabelStudioError, ProjectGoneError
from app.labelstudio import placing, projects
from app.labelstudio.client import Client
from app.labelstudio.push import PushRequest, push
from app.services import ingest
from tests.app.helpers import make_image
from tests.integration.helpers import here, make_case, predicted, pushed, tasks, three_images

NAMES = list(three_images())


@pytest.mark.parametrize("shape", ["brush", "polygon"])
def test_masks_are_there_as_they_are_here(case, client, shape):
    report = pushed(case, client, shape=shape)
    project = report.project.id
    assert (report.tasks, report.sent, report.masks, report.unchanged) == (3, 2, 3, 0)
    assert not report.faults
    assert sorted(tasks(client, project)) == sorted(NAMES)
    for name in NAMES[:2]:
        assert predicted(client, project, name) == here(case, name)
    assert not tasks(client, project)[NAMES[2]]["predictions"]
    row = client.get(f"api/projects/{project}")
    assert row["model_version"].startswith("freesolo@")
    assert list(client.get(f"api/projects/{project}/model-versions").items()) == [(row["model_version"], 2)]


def test_label_studio_serves_the_pictures_themselves(case, client):
    report = pushed(case, client)
    assert "reads the image files itself" in report.images
    for name, task in tasks(client, report.project.id).items():
        address = task["data"]["image"]
        assert address.startswith("/data/local-files/?d=")
        with case.ws.store.read() as tx:
            folder = tx.folders.all()[0].path
        assert client.fetch(address) == (Path(folder) / name).read_bytes()


def test_a_second_push_sends_nothing(case, client):
    first = pushed(case, client)
    second = pushed(case, client)
    assert (second.tasks, second.sent, second.cleared, second.unchanged) == (0, 0, 0, 3)
    assert second.project.id == first.project.id
    assert not second.project.new


def test_a_dry_run_changes_nothing_anywhere(case, client):
    report = pushed(case, client, dry_run=True)
    assert report.project is None
    assert (report.tasks, report.sent, report.masks) == (3, 2, 3)
    assert client.get("api/projects", page_size=10)["count"] == 0
    done = pushed(case, client)
    case.do("state", case.masks[NAMES[0]][0], state="rejected")
    report = pushed(case, client, dry_run=True)
    assert (report.tasks, report.sent, report.unchanged) == (0, 1, 2)
    assert len(predicted(client, done.project.id, NAMES[0])) == 2


def test_changed_masks_replace_and_removed_ones_go(case, client):
    project = pushed(case, client).project.id
    first, second = case.masks[NAMES[0]]
    case.do("state", first, state="rejected")
    case.do("edit", second, counts=case.mask(first).counts)
    report = pushed(case, client)
    assert (report.tasks, report.sent, report.unchanged) == (0, 1, 2)
    assert predicted(client, project, NAMES[0]) == {second: case.mask(second).counts}
    assert predicted(client, project, NAMES[1]) == here(case, NAMES[1])
    case.do("state", second, state="rejected")
    report = pushed(case, client)
    assert (report.sent, report.cleared, report.unchanged) == (0, 1, 2)
    assert predicted(client, project, NAMES[0]) == {}
    assert pushed(case, client).unchanged == 3


def test_many_changes_go_under_a_new_name_and_the_old_ones_are_removed(folder, client):
    images = {f"{k}.png": ((6, 8), three_images()[NAMES[0]][1][0][10:16, 12:20][None]) for k in range(30)}
    case = make_case(folder, images)
    first = pushed(case, client)
    name = client.get(f"api/projects/{first.project.id}")["model_version"]
    for k in range(10):
        case.do("category", case.masks[f"{k}.png"][0], category_id=1)
        case.do("edit", case.masks[f"{k}.png"][0], counts="0`1")
    second = pushed(case, client)
    versions = client.get(f"api/projects/{first.project.id}/model-versions")
    assert second.sent == 30
    assert list(versions.values()) == [30]
    assert name not in versions
    assert client.get(f"api/projects/{first.project.id}")["model_version"] in versions
    case.ws.close()


def test_a_workspace_that_lost_its_memory_of_the_push_makes_no_doubles(case, client):
    project = pushed(case, client).project.id
    with case.ws.store.write() as tx:
        links = tx.label_studio_links.of_project(projects.as_project(client, client.get(f"api/projects/{project}")).key)
        tx.label_studio_links.put([type(link)(**{**vars(link), "digest": ""}) for link in links.values()])
    assert pushed(case, client).sent == 2
    for name in NAMES[:2]:
        assert predicted(client, project, name) == here(case, name)


def test_new_categories_get_labels_and_what_people_changed_of_the_interface_stays(case, client):
    project = pushed(case, client).project.id
    config = client.get(f"api/projects/{project}")["label_config"]
    client.patch(f"api/projects/{project}", {"label_config": config.replace("<View>", "<View><Header value='Hello'/>")})
    with case.ws.store.write() as tx:
        made = tx.categories.add('a "cat" & <dog> ü', "#123456")
    case.do("category", case.masks[NAMES[1]][0], category_id=made.id)
    report = pushed(case, client)
    assert report.labels == ['a "cat" & <dog> ü']
    assert report.sent == 1
    assert "Hello" in client.get(f"api/projects/{project}")["label_config"]
    [region] = tasks(client, project)[NAMES[1]]["predictions"][0]["result"]
    assert region["value"]["brushlabels"] == ['a "cat" & <dog> ü']


def test_a_label_that_was_removed_there_is_put_back(case, client):
    report = pushed(case, client)
    with case.ws.store.write() as tx:
        made = tx.categories.add("cat", "#123456")
    pushed(case, client)
    path = f"api/projects/{report.project.id}"
    config = client.get(path)["label_config"]
    client.patch(path, {"label_config": config.replace('<Label value="cat" background="#123456" />', "")})
    case.do("category", case.masks[NAMES[0]][0], category_id=made.id)
    again = pushed(case, client)
    assert again.labels == ["cat"]
    assert predicted(client, report.project.id, NAMES[0]) == here(case, NAMES[0])


def test_a_label_that_vanishes_in_the_middle_is_told(case, client, monkeypatch):
    with case.ws.store.write() as tx:
        made = tx.categories.add("cat", "#123456")
    case.do("category", case.masks[NAMES[0]][0], category_id=made.id)
    monkeypatch.setattr("app.labelstudio.interface.completed", lambda config, labels: (config, []))
    project = pushed(case, client).project.id
    case.do("edit", case.masks[NAMES[0]][0], counts=case.mask(case.masks[NAMES[0]][1]).counts)
    with case.ws.store.write() as tx:
        other = tx.categories.add("dog", "#654321")
    case.do("category", case.masks[NAMES[0]][0], category_id=other.id)
    with pytest.raises(LabelStudioError, match=r"kept 0 of 1 predictions .*dog"):
        pushed(case, client)
    monkeypatch.undo()
    assert pushed(case, client).sent == 1
    assert predicted(client, project, NAMES[0]) == here(case, NAMES[0])


def test_a_tool_that_was_removed_there_is_told(case, client):
    project = pushed(case, client).project.id
    choices = '<View><Image name="image" value="$image"/><Choices name="c" toName="image"><Choice value="x"/></Choices></View>'
    client.patch(f"api/projects/{project}", {"label_config": choices})
    with pytest.raises(LabelStudioError, match="has no <BrushLabels name='brush'> any more"):
        pushed(case, client)


def test_a_project_of_the_same_title_is_not_taken_for_ours(case, client):
    other = client.post("api/projects", {"title": projects.title_of(case.ws), "description": "another's"})
    report = pushed(case, client)
    assert report.project.new
    assert report.project.id != other["id"]
    assert report.project.title == other["title"]


def test_a_deleted_project_is_told_or_made_anew(case, client):
    project = pushed(case, client).project.id
    client.delete(f"api/projects/{project}")
    with pytest.raises(ProjectGoneError, match="does not have it any more"):
        pushed(case, client, project=project)
    report = pushed(case, client)
    assert report.project.new
    assert (report.tasks, report.sent) == (3, 2)


def test_pictures_are_uploaded_where_label_studio_cannot_read_them(tmp_path, client):
    case = make_case(tmp_path, three_images())
    report = pushed(case, client)
    assert "uploaded, as Label Studio cannot read the files itself" in report.images
    assert "LOCAL_FILES_DOCUMENT_ROOT" in report.images
    for name, task in tasks(client, report.project.id).items():
        assert client.fetch(task["data"]["image"]) == (tmp_path / "photos" / name).read_bytes()
    assert pushed(case, client).unchanged == 3
    with pytest.raises(LabelStudioError, match="cannot read the image files itself"):
        pushed(make_case(tmp_path / "b", three_images()), client, way="files")
    case.ws.close()


def test_uploads_of_a_push_that_broke_are_used_by_the_next(tmp_path, client, monkeypatch):
    case = make_case(tmp_path, three_images())
    real = Client.post

    def breaks(self, path, body=None, **query):
        if path.endswith("/import"):
            raise LabelStudioError("broken")
        return real(self, path, body, **query)

    monkeypatch.setattr(Client, "post", breaks)
    with pytest.raises(LabelStudioError, match="broken"):
        pushed(case, client)
    monkeypatch.undo()
    uploads = []
    send = placing._send
    monkeypatch.setattr(placing, "_send", lambda *arguments: uploads.append(arguments) or send(*arguments))
    report = pushed(case, client)
    assert report.sent == 2
    assert not uploads
    case.ws.close()


def test_what_browsers_do_not_paint_is_uploaded_upright(folder, client):
    case = make_case(folder, {"plain.png": ((9, 7), [])})
    make_image(
        folder / "photos" / "turned.jpg",
        (20, 10),
        exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0",
    )
    make_image(folder / "photos" / "gray.tif", (20, 10))
    ingest.import_folder(case.ws, folder / "photos")
    report = pushed(case, client)
    found = {name: task["data"]["image"] for name, task in tasks(client, report.project.id).items()}
    assert found["plain.png"].startswith("/data/local-files/")
    assert found["turned.jpg"].startswith("/data/local-files/")
    assert found["gray.tif"].startswith("/data/upload/")
    case.ws.close()


def test_a_push_that_is_told_to_stop_goes_on_later(case, client, monkeypatch):
    monkeypatch.setattr("app.labelstudio.push._CHUNK_BYTES", 1)
    seen = []
    report = push(case.ws, client, PushRequest(), lambda *at: seen.append(at), lambda: len(seen) == 1)
    assert report.stopped
    assert report.sent == 1
    again = pushed(case, client)
    assert (again.sent, again.unchanged) == (1, 2)


def test_a_push_that_is_told_to_stop_at_once_adds_nothing(case, client):
    report = push(case.ws, client, PushRequest(), stopped=lambda: True)
    assert report.stopped
    assert (report.tasks, report.sent) == (0, 0)
    assert not tasks(client, report.project.id)
    assert pushed(case, client).sent == 2

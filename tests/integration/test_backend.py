"""A real Label Studio asks a real app: for masks, for what a keypoint or a box means, for a training."""

import httpx
import numpy as np
import pytest

from app.labelstudio import backend, regions
from app.labelstudio.secret import secret
from freesolo.codecs import coco_rle
from tests.browser.served import Servers
from tests.freesolo.freemask.disc import HEIGHT, WIDTH, disc
from tests.integration.helpers import make_case, predicted, pushed, tasks

PICTURE, DISC, TREES = disc()
LEFT = DISC & (np.arange(WIDTH) < 20)
INSIDE = (24, 18)
OWN = {"X-Requested-With": "annotator"}


@pytest.fixture
def asked(folder, client):
    """(case, address of its app, project): connected."""
    made = make_case(folder, {"disc.png": ((HEIGHT, WIDTH), [LEFT])}, pictures={"disc.png": PICTURE})
    made.ws.hierarchies.mkdir(exist_ok=True)
    (made.ws.hierarchies / "disc.npz").write_bytes(TREES.to_bytes())
    with made.ws.store.write() as tx:
        tx.images.change(made.image("disc.png").id, hierarchy="disc.npz")
    project = pushed(made, client).project.id
    servers = Servers()
    server = servers(folder, fake=False)
    backend.connect(made.ws, client, server.url, None)
    yield made, server.url, project
    servers.stop_all()
    made.ws.close()


def connection(client, project):
    [found] = client.get("api/ml/", project=project)
    return found


def point(client, project, *marks):
    """What Label Studio's page gets when somebody points: the one mask."""
    [task] = tasks(client, project).values()
    shown = {"original_width": WIDTH, "original_height": HEIGHT, "image_rotation": 0, "to_name": "image"}
    context = {"result": [{**shown, **mark} for mark in marks]}
    number = connection(client, project)["id"]
    answer = client.post(f"api/ml/{number}/interactive-annotating", {"task": task["id"], "context": context})
    found = regions.read(answer["data"]["result"], (HEIGHT, WIDTH)).regions
    return [(each.id, each.label, coco_rle.decode(each.counts, (HEIGHT, WIDTH))) for each in found]


def keypoint(x, y, *, adds=True):
    value = {"x": 100 * x / WIDTH, "y": 100 * y / HEIGHT, "width": 1, "keypointlabels": ["object"]}
    return {"type": "keypointlabels", "from_name": "keypoint", "is_positive": adds, "value": value}


def test_label_studio_reaches_the_app_and_its_interface_has_the_tools(asked, client):
    case, url, project = asked
    assert connection(client, project)["state"] == "CO"
    config = client.get(f"api/projects/{project}")["label_config"]
    assert config.count('smart="true"') == 2
    backend.connect(case.ws, client, url, None)
    connection(client, project)  # still one
    assert client.get(f"api/projects/{project}")["model_version"].startswith(
        "freesolo@"
    )  # what was pushed is shown still
    assert client.get(f"api/projects/{project}")["label_config"] == config


def test_a_keypoint_gives_the_object_that_it_points_at(asked, client):
    _, _, project = asked
    [(own, label, mask)] = point(client, project, keypoint(*INSIDE))
    np.testing.assert_array_equal(mask, DISC)
    assert (own, label) == (None, "object")  # new here when it comes back
    assert point(client, project, keypoint(*INSIDE, adds=False)) == []


def test_a_box_gives_the_object_in_it(asked, client):
    _, _, project = asked
    y, x = np.nonzero(DISC)
    left, top, right, bottom = x.min(), y.min(), x.max() + 1, y.max() + 1
    value = {"x": 100 * left / WIDTH, "y": 100 * top / HEIGHT, "rectanglelabels": ["object"]}
    value |= {"width": 100 * (right - left) / WIDTH, "height": 100 * (bottom - top) / HEIGHT}
    [(_, _, mask)] = point(client, project, {"type": "rectanglelabels", "from_name": "box", "value": value})
    np.testing.assert_array_equal(mask, DISC)


def test_its_wish_for_predictions_is_answered_with_the_masks_that_are_here(asked, client):
    case, _, project = asked
    [task] = tasks(client, project).values()
    for prediction in task["predictions"]:
        client.delete(f"api/predictions/{prediction['id']}/")
    body = {"selectedItems": {"all": True, "excluded": []}}
    client.post("api/dm/actions", body, id="retrieve_tasks_predictions", project=project)
    assert predicted(client, project, "disc.png") == {mask.id: mask.counts for mask in case.of_image("disc.png")}


def test_start_training_is_improve(asked, client):
    """With one image there is too little to learn from: Label Studio is told so in the words of the Train screen."""
    case, url, project = asked
    client.post(f"api/ml/{connection(client, project)['id']}/train", {})  # it says yes to everything
    with httpx.Client(trust_env=False) as http:
        address = f"{url}/ml/{secret(case.ws)}/webhook"
        assert http.post(address, json={"action": "PROJECT_UPDATED"}).json() == {}
        answer = http.post(address, json={"action": "START_TRAINING", "project": {"id": project}})
        assert answer.status_code == 400
        assert answer.json() == http.post(f"{url}/api/training", json={}, headers=OWN).json()


def test_nobody_is_answered_without_the_secret(asked):
    case, url, _ = asked
    with httpx.Client(trust_env=False) as http:
        assert http.get(f"{url}/ml/{secret(case.ws)}/health").json()["status"] == "UP"
        for path in ("wrong/health", f"{secret(case.ws)}x/versions"):
            assert http.get(f"{url}/ml/{path}").status_code == 404
        assert http.post(f"{url}/ml/wrong/predict", json={"tasks": []}).status_code == 404
    assert (case.ws.path / "label-studio-backend").stat().st_mode & 0o777 == 0o600


def test_a_task_of_another_picture_gets_nothing(asked):
    case, url, _ = asked
    with httpx.Client(trust_env=False) as http:
        key = f"{case.image('disc.png').id}-{'0' * 16}"
        for data in ({"key": key}, {"key": "nonsense"}, {}):
            answer = http.post(f"{url}/ml/{secret(case.ws)}/predict", json={"tasks": [{"data": data}]}).json()
            assert [each["result"] for each in answer["results"]] == [[]]

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.jobs import events
from app.jobs.work import folder_of
from app.services import models, review
from app.services.models import Training
from app.services.review import Operation


@pytest.fixture
def model(reviewed, tmp_path):
    ws, _ = reviewed
    save_file({"a": np.zeros(1, np.float32)}, tmp_path / "a.safetensors", {"format": "freesolo-solo-1"})
    about = Training("<b>20</b>", "finetune", "union", "solo", 0, {}, {}, {"solo": {"AP": 1.5}}, "Used.")
    return models.register(ws, tmp_path / "a.safetensors", about)


def accept_everything(ws, ids):
    for image_id, masks in ids.items():
        operations = [Operation(f"k{mask}", image_id, f"g{mask}", "state", mask, 0, "accepted") for mask in masks]
        review.apply(ws, "me", operations)


def test_the_data_the_plan_and_the_models_are_told(client, reviewed, model):
    ws, ids = reviewed
    now = client.get("/api/training").json()
    assert (now["plan"]["is_ready"], now["learnt_images"], now["undecided_images"], now["job"]) == (False, 0, 3, None)
    accept_everything(ws, ids)
    now = client.get("/api/training").json()
    assert (now["plan"]["is_ready"], now["learnt_masks"], now["held_images"], now["held_masks"]) == (True, 6, 1, 3)
    assert (
        "compared with the present proposals on the 1 reviewed image that no training sees" in now["plan"]["sentence"]
    )
    assert (now["models"][0]["proposer"], now["models"][0]["figures"]["solo"]["AP"]) == ("model-1", 1.5)
    assert next(iter(now["proposers"])) == "model-1"
    assert [(option["method"], option["is_ready"]) for option in now["plan"]["options"]] == [
        ("finetune", True),
        ("selftrain", False),
        ("pretrain", False),
    ]


def test_a_training_is_queued_and_its_curve_told(client, reviewed):
    ws, ids = reviewed
    assert (
        client.post("/api/training", json={}).json()["error"].startswith("there is too little to learn from. Accept 5")
    )
    accept_everything(ws, ids)
    job = client.post("/api/training", json={"steps": 20}).json()
    assert (job["kind"], job["state"]) == ("train", "queued")
    folder = folder_of(ws, job["id"])
    folder.mkdir(parents=True)
    for step in range(1, 501):
        events.append(folder, {"event": "step", "step": step, "losses": {"loss": 1 / step}})
    now = client.get("/api/training").json()
    assert now["job"]["id"] == job["id"]
    assert now["curve"][:2] == [[1, 1.0], [4, 0.25]], "thinned to what can be seen"
    assert client.post("/api/training", json={"steps": 1}).status_code == 422
    assert "needs 20 images" in client.post("/api/training", json={"method": "pretrain"}).json()["error"]
    events.append(folder, {"event": "start", "step": 0, "steps": 9})
    events.append(folder, {"event": "step", "step": 1, "losses": {"loss": 7.0}})
    assert client.get("/api/training").json()["curve"] == [[1, 7.0]], "of the latest training of the job alone"


def test_models_are_chosen_fetched_and_deleted(client, reviewed, model):
    ws, _ = reviewed
    assert client.post("/api/models/use", json={"name": "model-1"}).json() == {"in_use": "model-1"}
    assert "is in use" in client.post("/api/models/1/delete").json()["error"]
    assert client.post("/api/models/use", json={"name": "os:system"}).status_code == 400
    assert client.post("/api/models/use", json={"name": "default"}).status_code == 200
    answer = client.get("/api/models/1/weights")
    assert answer.content == models.weights_of(ws, 1).read_bytes()
    assert "model-1.safetensors" in answer.headers["content-disposition"]
    assert client.post("/api/models/1/delete").json() == {"deleted": 1}
    assert client.get("/api/models/1/weights").status_code == 404


def test_a_model_is_downloaded_as_onnx_and_leaves_nothing_behind(client, reviewed, model, fake_trainers):
    ws, _ = reviewed
    answer = client.get("/api/models/1/onnx")
    assert answer.content.startswith(b"onnx of ")
    assert "model-1.onnx" in answer.headers["content-disposition"]
    fake_trainers.setenv("FAKE_DIE", "1")
    answer = client.get("/api/models/1/onnx")
    assert (answer.status_code, answer.json()["error"][:31]) == (400, "model 1 is not exported to ONNX")
    assert client.get("/api/models/9/onnx").status_code == 404
    assert not list(ws.path.glob("download-*"))


def test_a_comparison_is_queued_and_told(client, reviewed):
    ws, _ = reviewed
    assert client.get("/api/training").json()["comparison"] is None
    job = client.post("/api/models/compare", json={"before": "union", "after": "solo"}).json()
    assert (job["kind"], job["args"]) == ("compare", {"before": "union", "after": "solo", "images": 12})
    assert client.get("/api/training").json()["comparison"]["id"] == job["id"]
    assert "has not compared anything yet" in client.get(f"/api/models/compare/{job['id']}").json()["error"]
    folder = folder_of(ws, job["id"])
    folder.mkdir(parents=True)
    (folder / "comparison.json").write_text('{"sentence": "x"}')
    assert client.get(f"/api/models/compare/{job['id']}").json() == {"sentence": "x"}
    assert client.get("/api/models/compare/99").status_code == 404
    assert client.post("/api/models/compare", json={"before": "union", "after": "union"}).status_code == 400


def test_a_probe_is_queued_and_told(client, reviewed):
    ws, ids = reviewed
    assert client.post("/api/training/probe", json={}).status_code == 400
    accept_everything(ws, ids)
    job = client.post("/api/training/probe", json={"steps": 40}).json()
    assert (job["kind"], job["args"]) == ("probe", {"method": "finetune", "steps": 40, "batch": 4})
    assert client.get("/api/training").json()["probe"]["id"] == job["id"]


def test_fixed_images_are_told_as_a_training_predicts_them(client, reviewed):
    ws, ids = reviewed
    accept_everything(ws, ids)
    job = client.post("/api/training", json={}).json()
    assert client.get(f"/api/training/{job['id']}/shown").json() == []
    folder = folder_of(ws, job["id"])
    folder.mkdir(parents=True)
    for step in (0, 60):
        rows = [
            {"key": "2", "width": 8, "height": 6, "masks": [f"at {step}"]},
            {"key": "3", "width": 9, "height": 9, "masks": []},
        ]
        events.append(folder, {"event": "shown", "step": step, "steps": 300, "images": rows})
    assert client.get("/api/training").json()["shown"] == 2
    second, third = client.get(f"/api/training/{job['id']}/shown").json()
    assert (second["id"], second["width"]) == (2, 8)
    assert second["steps"] == [{"step": 0, "masks": ["at 0"]}, {"step": 60, "masks": ["at 60"]}]
    assert third["steps"] == [], "its file has changed since"
    events.append(folder, {"event": "start", "step": 0, "steps": 300})
    assert client.get("/api/training").json()["shown"] == 0
    assert client.get("/api/training/99/shown").status_code == 404

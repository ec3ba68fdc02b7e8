import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from app.errors import ModelError, NotFoundError, SettingsError
from app.services import models
from app.services.models import Training


def weights(path, seed=0):
    """A file with the header of a SOLO."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({"a": np.full(3, seed, np.float32)}, path, {"format": "freesolo-solo-1", "card": "{}"})
    return path


def training(manner="solo"):
    return Training(
        "20 masks", "finetune", "solo", manner, 7, {"images": 3}, {"steps": 9}, {"solo": {"AP": 1.0}}, "Used."
    )


@pytest.fixture
def model(ws, tmp_path):
    return models.register(ws, weights(tmp_path / "run" / "solo.safetensors"), training())


def test_a_model_has_its_weights_a_description_and_a_name_to_propose_under(ws, model):
    folder = ws.models / str(model.id)
    assert {file.name for file in folder.iterdir()} == {"solo.safetensors", "model.json"}
    assert json.loads((folder / "model.json").read_text())["verdict"] == "Used."
    assert models.resolve(ws, "model-1") == str(folder / "solo.safetensors")
    assert (model.log_position, model.data, model.settings) == (7, {"images": 3}, {"steps": 9})
    assert list(models.offered(ws))[:2] == ["model-1", "union"]
    assert models.resolve(ws, "default") == "default"


def test_a_union_is_asked_for_by_its_weights(ws, tmp_path):
    models.register(ws, weights(tmp_path / "solo.safetensors"), training("union"))
    assert models.resolve(ws, "model-1") == f"union:{models.weights_of(ws, 1)}"


@pytest.mark.parametrize(
    "name",
    ["model-2", "model-", "model-x", "os:system", "/etc/passwd.safetensors", "union:/x.safetensors", 3, None, ""],
)
def test_what_is_no_proposer_of_the_workspace_is_refused(ws, model, name):
    with pytest.raises(SettingsError, match=r"no proposer called .*; there are: model-1, union, default"):
        models.resolve(ws, name)


def test_the_one_in_use_stays_over_restarts_and_is_not_deleted(ws, model):
    assert models.in_use(ws) == "union"
    models.use(ws, "model-1")
    assert models.in_use(ws) == "model-1"
    with pytest.raises(ModelError, match="model 1 is in use: choose another one first"):
        models.delete(ws, 1)
    models.use(ws, "default")
    models.delete(ws, 1)
    assert models.list_all(ws) == []
    assert not (ws.models / "1").exists()
    with pytest.raises(NotFoundError):
        models.get(ws, 1)


def test_a_model_whose_row_is_gone_is_not_proposed_with(ws, model):
    models.use(ws, "model-1")
    with ws.store.write() as tx:
        tx.models.change(1, deleted=True)
    assert models.in_use(ws) == "union"


def test_weights_leave_and_come_back(ws, model, tmp_path):
    models.export(ws, 1, tmp_path / "out.safetensors")
    models.use(ws, "union")
    models.delete(ws, 1)
    back = models.import_file(ws, tmp_path / "out.safetensors", "from a friend")
    assert (back.id, back.name, back.kind, back.content_hash) == (2, "from a friend", "import", model.content_hash)
    with pytest.raises(ModelError, match=r"cannot be written to .*nowhere"):
        models.export(ws, 2, tmp_path / "nowhere" / "x.safetensors")


def test_the_same_weights_are_one_model(ws, model, tmp_path):
    assert models.import_file(ws, models.weights_of(ws, 1)).id == 1
    assert models.register(ws, weights(tmp_path / "b.safetensors", 1), training()).id == 2


def test_what_are_no_weights_is_told_and_leaves_nothing(ws, tmp_path):
    (tmp_path / "a.safetensors").write_bytes(b"hello")
    with pytest.raises(ModelError, match="is no readable weights file"):
        models.import_file(ws, tmp_path / "a.safetensors")
    save_file({"a": np.zeros(1, np.float32)}, tmp_path / "b.safetensors")
    with pytest.raises(ModelError, match="holds no SOLO weights of this program"):
        models.import_file(ws, tmp_path / "b.safetensors")
    assert not ws.models.exists()


def test_a_full_disk_keeps_what_there_was(ws, model, tmp_path, monkeypatch):
    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(shutil, "copyfile", full)
    with pytest.raises(ModelError, match=r"cannot be kept in .*models: No space left on device"):
        models.register(ws, weights(tmp_path / "b.safetensors", 1), training())
    assert [each.id for each in models.list_all(ws)] == [1]
    assert [path.name for path in ws.models.iterdir()] == ["1"]


def test_a_folder_that_a_killed_process_left_is_replaced(ws, tmp_path):
    (ws.models / "1").mkdir(parents=True)
    (ws.models / "1" / "half").write_text("written")
    models.register(ws, weights(tmp_path / "b.safetensors"), training())
    assert not (ws.models / "1" / "half").exists()


def test_onnx_is_made_by_a_process_of_its_own(ws, model, tmp_path, fake_trainers):
    out = tmp_path / "mine.onnx"
    models.export_onnx(ws, model.id, out)
    assert out.read_bytes() == b"onnx of " + models.weights_of(ws, model.id).read_bytes()[:8]
    fake_trainers.setenv("FAKE_DIE", "1")
    with pytest.raises(ModelError, match="model 1 is not exported to ONNX: onnx not installed"):
        models.export_onnx(ws, model.id, out)
    with pytest.raises(NotFoundError):
        models.export_onnx(ws, 9, out)

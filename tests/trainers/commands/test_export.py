import pytest
from typer.testing import CliRunner

from freesolo.solo import export_onnx
from freesolo.solo.weights import card_for, to_bytes
from tests.freesolo.solo.helpers import TINY, tiny_network
from trainers.cli import cli
from trainers.commands import export


@pytest.fixture
def weights(tmp_path):
    path = tmp_path / "mine.safetensors"
    path.write_bytes(to_bytes(tiny_network(), card_for(TINY)))
    return path


def test_the_file_is_written_whole(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(export, "export", lambda model: model.identity.encode())
    out = tmp_path / "solo.onnx"
    done = CliRunner().invoke(cli, ["export-onnx", str(weights), str(out)])
    assert done.exit_code == 0
    assert out.read_bytes().startswith(b"mine@")
    assert str(out) in done.output
    assert sorted(file.name for file in tmp_path.iterdir()) == ["mine.safetensors", "solo.onnx"]


def test_without_the_extra_nothing_is_written(weights, tmp_path, monkeypatch):
    monkeypatch.setattr(export_onnx, "_NEEDED", ("no_such_package",))
    done = CliRunner().invoke(cli, ["export-onnx", str(weights), str(tmp_path / "solo.onnx")])
    assert done.exit_code == 2
    assert "no_such_package not installed" in done.output
    assert not (tmp_path / "solo.onnx").exists()

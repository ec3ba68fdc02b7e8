"""The command line as people and scripts meet it: a process, its output, its exit status."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from app import cli
from app.formats.registry import FORMATS
from app.services import review
from app.services.review import Operation
from app.services.workspace import Workspace
from app.settings import Settings
from tests.app.helpers import make_folder


@pytest.fixture
def run(fake_trainers, tmp_path):
    """Run ``python -m app`` with the stand-in proposer; returns (status, stdout, stderr)."""

    def run(*arguments):
        command = [sys.executable, "-m", "app", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert "Traceback" not in done.stderr
        return done.returncode, done.stdout, done.stderr

    return run


@pytest.fixture
def photos(tmp_path):
    return make_folder(tmp_path / "photos", ("a.png", "b.png", "sub/c ü#%.png"))


def test_from_a_folder_to_a_coco_file(run, photos, tmp_path):
    ws, out = tmp_path / "project", tmp_path / "out.json"
    status, said, _ = run("import", photos, "--workspace", ws)
    assert (status, said.split(";")[0]) == (0, "3 images added, 0 known, 0 changed, 0 faults")
    status, said, _ = run("--workspace", ws, "propose", "--proposer", "union", "--limit", "2")
    assert (status, said.split(";")[0]) == (0, "6 masks on 2 images, 0 faults")
    assert run("propose", "--workspace", ws)[1].startswith("3 masks on 1 images")
    assert (
        run("propose", "--workspace", ws)[1] == "Nothing to do: every image has proposals of 'union' or is finished.\n"
    )
    status, said, _ = run("status", "--workspace", ws, "--json")
    assert json.loads(said) == {
        "project": "project",
        "workspace": str(ws),
        "images": {"new": 0, "todo": 3, "doing": 0, "done": 0, "error": 0, "total": 3},
        "instances": {"pending": 9, "accepted": 0, "rejected": 0, "unsure": 0},
    }
    assert "to do" in run("status", "--workspace", ws)[1]
    export = ("export", "--format", "coco", "--out", out, "--workspace", ws)
    status, said, _ = run(*export)
    assert (status, said.splitlines()) == (
        0,
        [f"0 masks on 3 images: {out}", "- 9 masks are not decided yet and not in the file"],
    )
    status, said, _ = run(*export, "--states", "accepted,pending", "--encoding", "polygons")
    assert (status, said) == (0, f"9 masks on 3 images: {out}\n")
    file = json.loads(out.read_text("utf-8"))
    assert [image["file_name"] for image in file["images"]] == ["a.png", "b.png", "sub/c ü#%.png"]
    assert {annotation["state"] for annotation in file["annotations"]} == {"pending"}


def test_one_shot_needs_no_workspace(run, photos, tmp_path):
    (photos / "bad.png").write_bytes(b"bad")
    status, said, trouble = run("propose", photos, "--out", tmp_path / "p.json")
    assert (status, said) == (0, f"9 masks on 3 images, 1 faults: {tmp_path / 'p.json'}\n")
    assert f"{photos / 'bad.png'}: not readable" in trouble
    assert len(json.loads((tmp_path / "p.json").read_text())["annotations"]) == 9
    assert not list(tmp_path.rglob("workspace*"))


def test_bad_files_are_named_and_nothing_readable_is_a_failure(run, tmp_path):
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "bad.png").write_bytes(b"bad")
    status, said, trouble = run("import", tmp_path / "photos", "--workspace", tmp_path / "ws")
    assert status == 1
    assert trouble.count("bad.png") == 1
    assert "not an image" in trouble
    assert said.startswith("0 images added, 0 known, 0 changed, 1 faults")


@pytest.mark.parametrize(
    ("arguments", "status", "sentence"),
    [
        (("import", "{tmp}/none"), 2, "Error: there is no folder {tmp}/none: check the path"),
        (("import", "{tmp}/empty"), 2, "Error: {tmp}/empty holds no image files"),
        (("import", "{tmp}/file"), 2, "Error: {tmp}/file is a file: name the folder that holds the images"),
        (("propose", "{tmp}/none", "--out", "{tmp}/p.json"), 2, "Error: there is no folder {tmp}/none"),
        (
            ("propose", "{tmp}/empty", "--out", "{tmp}/p.json", "--proposer", "magic"),
            2,
            "Error: no proposer called 'magic'; there are: union, default, solo, fast, paper",
        ),
        (("propose",), 1, "Error: there is no workspace in {tmp}/ws: import a folder first"),
        (("status",), 1, "Error: there is no workspace in {tmp}/ws: import a folder first"),
        (("export", "--out", "x.json"), 1, "Error: there is no workspace in {tmp}/ws: import a folder first"),
        (("--workspace", "{tmp}/file", "status"), 1, "Error: {tmp}/file is a file, a workspace is a folder"),
        (("--auth", "nobody", "--no-browser"), 2, "Error: --auth wants USER:PASSWORD"),
    ],
)
def test_foreseeable_trouble_is_one_sentence(run, tmp_path, fake_trainers, arguments, status, sentence):
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("")
    fake_trainers.setenv("ANNOTATOR_WORKSPACE", str(tmp_path / "ws"))
    code, said, trouble = run(*(argument.format(tmp=tmp_path) for argument in arguments))
    assert (code, said) == (status, "")
    assert trouble.startswith(sentence.format(tmp=tmp_path))
    assert trouble.count("\n") == 1


def test_an_export_that_makes_no_sense_is_told(run, photos, tmp_path):
    run("import", photos, "--workspace", tmp_path / "ws")
    for flags, sentence in (
        (("--states", "good"), "unknown state good: there are pending, accepted, rejected, unsure"),
        (("--format", "nothing"), f"unknown format 'nothing': there are {', '.join(FORMATS)}"),
        (("--encoding", "png"), "unknown encoding 'png': of coco there are rle, polygons, simplified"),
    ):
        status, _, trouble = run("export", "--out", tmp_path / "x.json", *flags, "--workspace", tmp_path / "ws")
        assert (status, trouble) == (1, f"Error: {sentence}\n")
    assert not (tmp_path / "x.json").exists()


def test_folder_and_out_go_together(run, photos, tmp_path):
    for arguments in ((photos,), ("--out", tmp_path / "p.json")):
        status, _, trouble = run("propose", *arguments)
        assert status == 2
        assert "go together" in trouble


def test_an_empty_workspace_says_what_to_do_first(run, tmp_path):
    Workspace.open(tmp_path / "ws").close()
    status, _, trouble = run("propose", "--workspace", tmp_path / "ws")
    assert (status, trouble) == (2, f"Error: the workspace {tmp_path / 'ws'} has no images: import a folder first\n")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_stopped_it_keeps_what_is_finished(run, photos, tmp_path, fake_trainers, number):
    run("import", photos, "--workspace", tmp_path / "ws")
    fake_trainers.setenv("FAKE_SECONDS", "0.7")
    command = [sys.executable, "-m", "app", "propose", "--workspace", str(tmp_path / "ws")]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        ws = Workspace.open(tmp_path / "ws")
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with ws.store.read() as tx:
                if tx.images.by_status()["todo"]:
                    break
            time.sleep(0.05)
        process.send_signal(number)
        _, trouble = process.communicate(timeout=30)
        ws.close()
    assert process.returncode == 130
    assert trouble.endswith("images are finished and saved, run it again to go on\n")
    assert "Traceback" not in trouble
    fake_trainers.setenv("FAKE_SECONDS", "0")
    assert run("propose", "--workspace", tmp_path / "ws")[0] == 0


def test_the_help_explains_itself_honestly(run):
    status, said, _ = run("--help")
    text = " ".join(said.split())
    assert status == 0
    for words in ("label-free", "ImageNet", "never saw a mask or a box", "most of them are wrong", "--demo", "propose"):
        assert words in text
    assert "job-run" not in text


def test_without_a_command_the_page_is_opened(monkeypatch, tmp_path):
    opened = []
    monkeypatch.setattr("app.web.server.serve", lambda *arguments: opened.append(arguments))
    flags = ["--workspace", str(tmp_path), "--port", "0", "--auth", "me:a:b", "--demo", "--no-browser"]
    monkeypatch.setattr(sys, "argv", ["app", *flags])
    with pytest.raises(SystemExit) as end:
        cli.main()
    assert end.value.code == 0
    assert opened == [(tmp_path, "127.0.0.1", 0, ("me", "a:b"), True, False)]
    assert Settings().host == "127.0.0.1"  # reachable from this machine only, unless asked


def test_the_command_line_loads_neither_network_nor_page():
    script = (
        "import sys, app.cli; print([name for name in ('torch', 'gradio', 'numba', 'timm') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_a_log_goes_from_one_workspace_to_another(run, photos, tmp_path):
    one, other, log = tmp_path / "one", tmp_path / "other", tmp_path / "ann.jsonl"
    for ws in (one, other):
        run("import", photos, "--workspace", ws)
        run("propose", "--proposer", "union", "--workspace", ws)
    workspace = Workspace.open(one)
    review.apply(workspace, "Ann", [Operation("k", 1, "k", "state", 1, 0, "accepted")])
    workspace.close()
    status, said, _ = run("log", "export", "--out", log, "--workspace", one)
    assert (status, said) == (0, f"1 decisions by Ann on 1 masks of 1 images: {log}\n")
    status, said, _ = run("log", "merge", log, "--dry-run", "--workspace", other)
    assert status == 0
    assert "Would take 1: 1 masks changed, 0 drawn, 0 images finished or reopened." in said
    assert json.loads(run("status", "--json", "--workspace", other)[1])["instances"]["accepted"] == 0
    assert "Took 1:" in run("--workspace", other, "log", "merge", log)[1]
    assert json.loads(run("status", "--json", "--workspace", other)[1])["instances"]["accepted"] == 1
    log.write_text(log.read_text()[:-9])
    status, _, trouble = run("log", "merge", log, "--workspace", other)
    assert (status, "cut off" in trouble) == (1, True)


def test_models_are_listed_taken_out_brought_in_and_chosen(run, photos, tmp_path):
    ws = tmp_path / "project"
    run("import", photos, "--workspace", ws)
    assert run("models", "list", "--workspace", ws)[1] == "union proposes, which comes with the app.\n"
    shipped = Path(cli.__file__).parents[1] / "assets" / "solo.safetensors"
    assert run("models", "import", shipped, "--name", "mine", "--workspace", ws)[1].startswith("model-1: mine, ")
    assert run("models", "use", "model-1", "--workspace", ws)[0] == 0
    (model,) = json.loads(run("models", "list", "--json", "--workspace", ws)[1])
    assert (model["name"], model["kind"], model["in_use"]) == ("mine", "import", True)
    assert (
        run("models", "delete", "1", "--workspace", ws)[2].strip()
        == "Error: model 1 is in use: choose another one first"
    )
    assert run("models", "export", "1", "--out", tmp_path / "x.safetensors", "--workspace", ws)[0] == 0
    assert (tmp_path / "x.safetensors").read_bytes() == shipped.read_bytes()
    onnx = ("models", "export", "model-1", "--format", "onnx", "--out", tmp_path / "x.onnx", "--workspace", ws)
    assert run(*onnx)[:2] == (0, f"model 1: {tmp_path / 'x.onnx'}\n")
    status, _, trouble = run("models", "export", "union", "--out", tmp_path / "y", "--workspace", ws)
    assert (status, "union is no model of the workspace" in trouble) == (2, True)
    assert run("propose", "--workspace", ws)[1].startswith("9 masks on 3 images")
    status, said, _ = run("propose", "--workspace", ws)
    assert (status, said) == (0, "Nothing to do: every image has proposals of 'model-1' or is finished.\n")


def test_the_loop_is_simulated_from_a_coco_file(run, photos, tmp_path):
    whole = {"size": [6, 8], "counts": [0, 48]}
    images = [
        {"id": number, "file_name": name, "width": 8, "height": 6}
        for number, name in enumerate(("a.png", "b.png", "sub/c ü#%.png"))
    ]
    rows = [{"id": image["id"], "image_id": image["id"], "category_id": 1, "segmentation": whole} for image in images]
    (tmp_path / "truth.json").write_text(json.dumps({"images": images, "annotations": rows}))
    options = ["--images", photos, "--rounds", "0", "--actions", "3", "--out", tmp_path / "loop.json"]
    status, said, _ = run("loop", "--simulate", tmp_path / "truth.json", *options)
    assert (status, said.startswith("round 0 (union): 0 % of 4 proposals accepted")) == (0, True)
    (first,) = json.loads((tmp_path / "loop.json").read_text())["rounds"]
    wanted = {"accept_rate", "actions_per_object", "objects", "actions", "AP", "AP50", "AR100", "train_seconds"}
    assert wanted <= first.keys()
    assert (first["objects"], first["actions"]) == (0, 6)


def test_a_training_is_queued_with_the_reason_for_its_kind(run, photos, tmp_path):
    ws = tmp_path / "project"
    run("import", photos, "--workspace", ws)
    status, _, trouble = run("models", "train", "--workspace", ws)
    assert (status, "Accept 5 more masks first" in trouble) == (1, True)
    run("import", make_folder(tmp_path / "more", [f"{number}.png" for number in range(20)]), "--workspace", ws)
    status, said, _ = run("models", "train", "--steps", "7", "--workspace", ws)
    assert status == 0
    assert said.startswith("There are no decisions yet, so Improve learns from the images alone. ")
    assert said.endswith("job 1 is queued: python -m app jobs run\n")
    assert run("models", "train", "--method", "pretrain", "--workspace", ws)[1].startswith("The network's lower part")
    listed = json.loads(run("jobs", "list", "--json", "--workspace", ws)[1])
    assert [(job["args"]["method"], job["args"]["steps"]) for job in listed] == [("pretrain", 300), ("selftrain", 7)]


def test_two_proposers_are_compared(run, photos, tmp_path):
    ws = tmp_path / "project"
    run("import", photos, "--workspace", ws)
    status, said, _ = run("models", "compare", "union", "default", "--workspace", ws)
    assert status == 0
    assert said.startswith("On 3 images, the first 20 masks of each: default finds 0 that union does not")
    assert (
        json.loads(run("models", "compare", "union", "default", "--json", "--workspace", ws)[1])["total"]["same"] == 9
    )
    assert run("models", "compare", "union", "union", "--workspace", ws)[0] == 2

"""`python -m trainers evaluate`: the figures themselves are tested in `tests.freesolo.test_evaluation`."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from freesolo.instances import Instances
from tests.trainers.fake import FINE, NAME, paint
from tests.trainers.scoring.voc_folder import make
from trainers.cli import cli
from trainers.records import Record


@pytest.fixture
def files(tmp_path):
    """A ground truth of two squares on two images, and a results file that finds the first and misses the second."""
    masks = np.zeros((2, 200, 220), bool)
    masks[0, 20:140, 30:150] = True
    masks[1, 100:180, 100:200] = True
    truth = {"images": [], "annotations": []}
    for number, mask in enumerate(masks, start=1):
        found = Instances.from_masks(mask[None], [1.0])
        code = {"size": [200, 220], "counts": found.counts[0].decode()}
        truth["images"].append({"id": number, "file_name": f"{number}.png", "width": 220, "height": 200})
        truth["annotations"].append(
            {
                "id": number,
                "image_id": number,
                "category_id": 5,
                "segmentation": code,
                "area": int(found.areas[0]),
                "bbox": found.boxes[0].tolist(),
                "iscrowd": 0,
            }
        )
    (tmp_path / "truth.json").write_text(json.dumps(truth), "utf-8")
    rows = [Record(f"{k}.png", f"/p/{k}.png", "p@1", 0.1, Instances.from_masks(masks[:1], [0.9])) for k in (1, 2)]
    (tmp_path / "r.jsonl").write_bytes(b"".join(row.to_line() for row in rows))
    return str(tmp_path / "truth.json"), str(tmp_path / "r.jsonl")


def run(*arguments):
    return CliRunner().invoke(cli, ["evaluate", *arguments])


def test_json_has_every_figure_on_one_line(files):
    done = run(*files, "--json")
    assert done.exit_code == 0, done.output
    (line,) = done.stdout.splitlines()
    row = json.loads(line)
    assert (row["objects"], row["detections"], row["images"]) == (2, 2, 2)
    assert (row["AR100"], row["AR_medium"], row["AR_large"]) == (50.0, 0.0, 100.0)
    assert row["AR_small"] == -1.0
    assert 45 < row["AP50"] < 55


def test_the_table_explains_its_figures(files):
    done = run(*files, "--bootstrap", "20")
    assert done.exit_code == 0, done.output
    assert "2 masks, 2 objects, 2 images" in done.stdout
    lines = {line.split("│")[1].strip(): line for line in done.stdout.splitlines() if line.count("│") > 3}
    assert "50.00" in lines["AR100"]
    assert "0.00 to 100.00" in lines["AR100"]
    assert " - " in lines["AR_small"]


def test_boxes_and_the_easier_protocol(files):
    boxes = json.loads(run(*files, "--boxes", "--json").stdout)
    assert boxes["CorLoc"] == 50.0
    easier = json.loads(run(*files, "--protocol", "s1", "--json", "--bootstrap", "5").stdout)
    assert {"AP*", "AP*_medium", "AP*_large", "AP*_95"} <= set(easier)
    assert run(*files, "--protocol", "s1", "--boxes").exit_code == 0


def test_what_cannot_be_scored_is_told_in_one_sentence(files, tmp_path):
    truth, results = files
    strangers = tmp_path / "s.jsonl"
    strangers.write_bytes(
        Record("x.png", "/x.png", "p", 0.0, Instances.from_masks(np.ones((1, 2, 2)), [1.0])).to_line()
    )
    small = tmp_path / "small.jsonl"
    small.write_bytes(Record("1.png", "/1.png", "p", 0.0, Instances.from_masks(np.ones((1, 2, 2)), [1.0])).to_line())
    for path, sentence in (
        (strangers, "no result belongs to"),
        (small, "RLE of size [2, 2]"),
        (truth + "x", "No such"),
    ):
        done = run(truth, str(path))
        assert done.exit_code == 2
        (line,) = done.stderr.splitlines()
        assert line.startswith("error: ")
        assert sentence in line
    assert run(results, truth).exit_code == 2


def test_a_table_of_the_paper_decides_what_is_scored(files):
    first = json.loads(run(*files, "--table", "1", "--json").stdout)
    assert [row["method"] for row in first["rows"]] == ["MCG", "COB", "FreeSOLO", "r.jsonl"]
    assert (first["rows"][2]["AP"], first["rows"][2]["AR100"]) == (4.0, 12.7)
    assert (first["rows"][3]["source"], first["rows"][3]["AR100"]) == ("here", 50.0)
    assert "2 images of truth.json. The paper's rows are of COCO val2017" in first["note"]
    easier = json.loads(run(*files, "--table", "s1", "--json").stdout)["rows"][-1]
    assert {"AP", "AP*", "AP*_large"} <= set(easier)
    assert easier["AP*_large"] == json.loads(run(*files, "--protocol", "s1", "--json").stdout)["AP*_large"]
    boxes = json.loads(run(*files, "--table", "3", "--json").stdout)["rows"][-1]
    assert boxes["AP"] == json.loads(run(*files, "--boxes", "--json").stdout)["AP"]
    assert "FreeSOLO" in run(*files, "--table", "4").stdout


def test_images_that_the_results_leave_out_are_told(files, tmp_path):
    truth, results = files
    part = tmp_path / "part.jsonl"
    part.write_bytes(Path(results).read_bytes().splitlines(keepends=True)[0])
    done = run(truth, str(part), "--json")
    assert "warning: the results leave out 1 of the 2 images; their objects count as missed" in done.stderr
    assert json.loads(done.stdout)["AR100"] == 50.0
    assert "warning" not in run(truth, results).stderr


def test_classes(files, tmp_path):
    truth, results = files
    done = run(truth, results, "--classes")
    assert (done.exit_code, "has no categories" in done.stderr) == (2, True)
    data = json.loads(Path(truth).read_text("utf-8"))
    data["categories"] = [{"id": 5, "name": "square"}, {"id": 6, "name": "circle"}]
    Path(truth).write_text(json.dumps(data), "utf-8")
    done = run(truth, results, "--classes")
    assert "do not say what they found" in done.stderr
    rows = [json.loads(line) for line in Path(results).read_text("ascii").splitlines()]
    for row in rows:
        row["instances"][0]["category"] = "square"
    named = tmp_path / "named.jsonl"
    named.write_text("".join(json.dumps(row) + "\n" for row in rows), "ascii")
    row = json.loads(run(truth, str(named), "--classes", "--json").stdout)
    assert row["classes"] == {"square": {"AP": row["AP"], "AP50": row["AP50"], "objects": 2}}
    assert "Means over 1 classes" in run(truth, str(named), "--classes").stdout
    assert "square" in run(truth, str(named), "--classes").stdout
    assert json.loads(run(truth, str(named), "--table", "5", "--json").stdout)["rows"][-1]["AP"] == row["AP"]


@pytest.fixture
def painted(files, photos):
    """The ground truth, its first image as a file in a folder of their own; the second is missing."""
    folder = photos()
    paint(folder / "1.png", FINE, size=(220, 200))
    return files[0], str(folder)


def test_a_proposer_is_run_on_the_images_that_are_there(painted, tmp_path):
    truth, folder = painted
    done = run(truth, "--proposer", NAME, "--images", folder, "--json", "--workers", "1")
    assert done.exit_code == 0, done.output
    assert "warning: 1 images are not in" in done.stderr
    row = json.loads(done.stdout)
    assert (row["images"], row["objects"], row["detections"]) == (1, 1, 2)
    assert not list(tmp_path.glob("*found*")), "what was found is kept only where --out says so"
    out = tmp_path / "kept.jsonl"
    for _ in range(2):
        again = run(truth, "--proposer", NAME, "--images", folder, "--json", "--workers", "1", "--out", str(out))
        assert json.loads(again.stdout) == row
    assert len(out.read_bytes().splitlines()) == 1, "the second time nothing is left to do"
    table = json.loads(run(truth, "--proposer", NAME, "--images", folder, "--table", "1", "--json").stdout)
    assert table["rows"][-1]["method"] == NAME


def test_a_voc_folder_is_scored_with_the_proposer(tmp_path):
    folder = str(make(tmp_path / "VOC2012"))
    row = json.loads(run(folder, "--proposer", NAME, "--workers", "1", "--json").stdout)
    assert (row["images"], row["objects"]) == (2, 4)
    boxes = json.loads(run(folder, "--proposer", NAME, "--workers", "1", "--table", "4", "--json").stdout)
    assert boxes["rows"][-1]["method"] == NAME


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["TRUTH"], "name either a file of results or --proposer"),
        (["TRUTH", "RESULTS", "--proposer", "fast"], "name either a file of results or --proposer"),
        (["TRUTH", "RESULTS", "--out", "x.jsonl"], "--images, --out and --workers are for --proposer"),
        (["TRUTH", "RESULTS", "--table", "3", "--boxes"], "--table 3 decides what is scored"),
        (["TRUTH", "RESULTS", "--split", "val"], "--split val chooses a list of a Pascal VOC folder"),
        (["TRUTH", "--proposer", "fast"], "none of the 2 images of the ground truth is in"),
        (["TRUTH", "RESULTS", "--ray-address", "x:1"], "--ray-address is for --executor ray"),
    ],
)
def test_what_does_not_go_together_is_told(files, arguments, sentence):
    done = run(*({"TRUTH": files[0], "RESULTS": files[1]}.get(word, word) for word in arguments))
    assert done.exit_code == 2
    assert sentence in done.stderr

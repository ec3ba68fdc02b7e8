"""`python -m trainers evaluate`: the figures themselves are tested in `tests.freesolo.test_evaluation`."""

import json

import numpy as np
import pytest
from typer.testing import CliRunner

from freesolo.instances import Instances
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

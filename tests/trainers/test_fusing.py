"""`python -m trainers fuse`: two results files become one."""

import numpy as np
import pytest
from typer.testing import CliRunner

from freesolo.instances import Instances
from trainers.cli import cli
from trainers.records import Failure, Record, latest

SIZE = (20, 20)


def squares(*rows):
    """Squares of 5 pixels at (top, left, score)."""
    masks = np.zeros((len(rows), *SIZE), bool)
    for mask, (top, left, _) in zip(masks, rows, strict=True):
        mask[top : top + 5, left : left + 5] = True
    return Instances.from_masks(masks, np.array([score for _, _, score in rows], np.float32))


def results(path, proposer, seconds, **images):
    """A results file: masks by the image's key, or why there are none."""
    lines = [
        Failure(key, f"/{key}", found).to_line()
        if isinstance(found, str)
        else Record(key, f"/{key}", proposer, seconds, found).to_line()
        for key, found in images.items()
    ]
    path.write_bytes(b"".join(lines))
    return path


def test_images_of_both_files_get_one_list(tmp_path):
    coarse, fine = squares((0, 0, 0.9), (0, 10, 0.1)), squares((10, 0, 30), (0, 0, 10))
    first = results(tmp_path / "a.jsonl", "a@1", 1.0, both=coarse, one=coarse, broken="no image")
    second = results(tmp_path / "b.jsonl", "b@1", 0.5, both=fine, broken="no image", other=fine)
    out = tmp_path / "out.jsonl"
    done = CliRunner().invoke(cli, ["fuse", str(first), str(second), "--out", str(out)])
    assert done.exit_code == 0, done.output
    (record,) = latest(out)
    assert (record.key, record.proposer, record.seconds) == ("both", "union(a@1+b@1)", 1.5)
    corners = [(y, x) for x, y, _, _ in record.instances.boxes.tolist()]
    assert set(corners[:2]) == {(0, 0), (10, 0)}
    assert len(corners) == 4
    assert record.instances.scores == pytest.approx([0.9, 0.9, 0.1, 0.1])


def test_a_file_without_masks_is_told(tmp_path):
    first = results(tmp_path / "a.jsonl", "a@1", 1.0, both=squares((0, 0, 0.9)))
    second = results(tmp_path / "b.jsonl", "b@1", 1.0, both="no image")
    done = CliRunner().invoke(cli, ["fuse", str(first), str(second), "--out", str(tmp_path / "out.jsonl")])
    assert done.exit_code == 2
    assert "b.jsonl holds no mask" in done.output
    assert not (tmp_path / "out.jsonl").exists()

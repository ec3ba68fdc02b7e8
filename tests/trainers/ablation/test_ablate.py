"""`python -m trainers ablate`, on tiny pictures and a tiny network."""

import json

import pytest

from tests.trainers.ablation.teacher import BLIND
from trainers.ablation import free_masks
from trainers.commands import train


def rows_of(content):
    return {row["name"]: row for row in content["rows"]}


def test_losses_are_compared_and_kept(ablate, tmp_path, monkeypatch):
    code, content, said = ablate("7d", "--repeats", "2")
    assert code == 0, said
    rows = rows_of(content)
    assert list(rows) == ["full", "weak"]
    assert rows["weak"]["paper"] == {"AP50": 7.9, "AP75": 2.5, "AP": 3.3}
    assert [len(row["runs"]) for row in rows.values()] == [2, 2]
    (claim,) = content["claims"]
    assert (claim["better"], claim["worse"], claim["paper"]) == ("weak", "full", 0.9)
    assert claim["says"] in {"within the noise", "as in the paper", "against the paper"}
    assert "Here: scored on 3 images of coco.json; learned from 3 images of images, 2 repeats" in content["remark"]
    for line in ("Table 7d of the FreeSOLO paper", "weak - full: AP"):
        assert line in said
    losses = {
        name: (tmp_path / "ablation" / "7d" / name / "0" / "settings.yaml").read_text().split("augment:")[0]
        for name in rows
    }
    assert "dice: 3.0" in losses["full"]
    assert "max_projection: 0.0" in losses["full"]
    assert "embedding: 4.0" in losses["full"], "only the mask losses differ"
    assert "dice: 0.0" in losses["weak"]

    monkeypatch.setattr(train, "Trainer", None)  # nothing is trained again
    code, again, _ = ablate("7d", "--repeats", "2")
    assert (code, again) == (0, content)


@pytest.mark.usefixtures("in_process")
def test_another_run_in_the_same_folder_is_refused_unless_started_anew(ablate, tmp_path):
    assert ablate("7d")[0] == 0
    code, content, said = ablate("7d", "--set", "lr=0.01")
    assert code == 2
    assert "holds an ablation with other settings or images" in said
    assert rows_of(content)["weak"]["runs"], "the table of the first run is still there"
    (tmp_path / "ablation" / "7d" / "leftover").touch()
    assert ablate("7d", "--set", "lr=0.01", "--no-resume")[0] == 0
    assert not (tmp_path / "ablation" / "7d" / "leftover").exists()


@pytest.mark.usefixtures("in_process")
def test_each_term_is_left_out_once(ablate, tmp_path):
    code, content, said = ablate("7e")
    assert code == 0, said
    assert list(rows_of(content)) == ["combination", "w/o avg-proj", "w/o max-proj", "w/o pairwise"]
    assert [claim["says"] for claim in content["claims"]] == ["one repeat: the noise is not known"] * 3
    for row, term in (("avg-proj", "average_projection"), ("max-proj", "max_projection"), ("pairwise", "pairwise")):
        text = (tmp_path / "ablation" / "7e" / f"w-o-{row}" / "0" / "settings.yaml").read_text()
        zeros = {line.split(":")[0].strip() for line in text.splitlines() if line.endswith(": 0.0")}
        assert {"max_projection", "average_projection", "pairwise"} & zeros == {term}


@pytest.mark.usefixtures("in_process")
def test_iterations_of_self_training(ablate, tmp_path):
    code, content, said = ablate("7c", "--set", "steps=3")
    assert code == 0, said
    rows = rows_of(content)
    assert list(rows) == ["-1", "0", "1", "2"]
    assert rows["-1"]["here"]["AP"]["mean"] == pytest.approx(100), "the teacher is right"
    shared = tmp_path / "ablation" / "7c" / "rounds" / "0"
    trained = [(shared / f"round{number}" / "solo.safetensors").is_file() for number in range(3)]
    assert trained == [bool(rows[str(number)]["runs"]) for number in range(3)]
    assert trained[0]
    assert all(rows[str(number)]["note"] for number in range(3) if not trained[number])


@pytest.mark.usefixtures("in_process")
def test_the_semantic_loss_is_judged_by_classes_after_fine_tuning(ablate, tmp_path):
    code, content, said = ablate("7f", "--labelled", "0.5")
    assert code == 0, said
    assert "Fine-tuned with classes on 50 % of the images" in content["remark"]
    folder = tmp_path / "ablation" / "7f"
    embedding = {
        row: "embedding: 0.0" in (folder / row / "0" / "label-free" / "settings.yaml").read_text()
        for row in ("w-o-semantic", "with-semantic")
    }
    assert embedding == {"w-o-semantic": True, "with-semantic": False}
    card = (folder / "with-semantic" / "0" / "fine-tuned" / "solo.safetensors").read_bytes()[:4000]
    assert b"left" in card, "fine-tuned with the categories' names"
    assert json.loads((folder / "with-semantic" / "0" / "figures.json").read_text()).keys() >= {"AP", "AP50"}


@pytest.mark.usefixtures("in_process")
def test_free_mask_with_each_scale_and_with_the_backbones_that_are_at_hand(ablate, tmp_path, monkeypatch):
    monkeypatch.setenv("FREESOLO_CACHE", str(tmp_path / "empty"))
    whole = free_masks.settings_file
    monkeypatch.setattr(free_masks, "settings_file", lambda path, **more: whole(path, short_side=128, **more))
    code, scales, said = ablate("7b", "--teacher", "paper", "--held", "1")
    assert code == 0, said
    assert list(rows_of(scales)) == ["0.25", "1.0", "pyramid"]
    assert "Backbone: efficientnet_lite0." in scales["remark"]
    assert "learned from" not in scales["remark"]
    made = json.loads((tmp_path / "ablation" / "7b" / "0.25" / "0" / "freemask.json").read_text())
    assert made == {"preset": "paper", "backbone": "efficientnet_lite0", "scales": [0.25], "short_side": 128}
    code, backbones, said = ablate("7a", "--held", "1", "--backbone", "nowhere.safetensors")
    assert code == 0, said
    rows = rows_of(backbones)
    assert list(rows)[:6] == ["sup.", "SimCLR", "MoCo-v2", "DINO", "EsViT", "DenseCL"]
    assert [name for name, row in rows.items() if row["runs"]] == ["efficientnet_lite0"]
    assert rows["SimCLR"]["note"].startswith("no weights: see its authors")
    assert "densecl_r50_imagenet_200ep.pth; put the file at" in rows["DenseCL"]["note"]
    assert rows["nowhere.safetensors"]["note"] == "no weights: there is no file nowhere.safetensors"
    assert rows["efficientnet_lite0"]["paper"] is None
    assert backbones["claims"] == []
    assert rows["efficientnet_lite0"]["here"] == rows_of(ablate("7a", "--held", "1")[1])["efficientnet_lite0"]["here"]


@pytest.mark.usefixtures("in_process")
def test_a_row_that_cannot_be_run_says_why(ablate):
    code, content, said = ablate("7d", "--teacher", BLIND)
    assert (code, content) == (2, None)
    assert "no row of table 7d can be run: none of the 3 images has a mask to learn from" in said


def test_nothing_left_to_learn_from_is_told(ablate, tmp_path):
    for number in range(1, 6):
        (tmp_path / "images" / f"{number}.png").unlink()
    code, _, said = ablate("7d")
    assert code == 2
    assert "leaves no image to learn from besides those to score" in said

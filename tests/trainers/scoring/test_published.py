"""The paper's tables as data: checked against sentences of the paper, and each shown whole."""

import io
import json

import pytest
from rich.console import Console

from freesolo.evaluation import Scores
from trainers.scoring import beside
from trainers.scoring.published import PUBLISHED
from trainers.scoring.truth import Truth


def figure(table, row, name, group=""):
    found = next(r for r in PUBLISHED[table].rows if r.name == row and group in r.group)
    return found.figures[PUBLISHED[table].columns.index(name)]


def test_figures_agree_with_the_text_of_the_paper():
    assert (figure("2", "FreeSOLO", "AP"), figure("2", "Mask R-CNN w/ LVIS", "AP")) == (4.8, 6.8)
    gain = figure("5", "FreeSOLO", "AP", "5 %") - figure("5", "sup.", "AP", "5 %")
    assert gain == pytest.approx(4.0), "outperforms ImageNet supervised pre-training by 4.0 AP with 5 % of the images"
    assert figure("5", "FreeSOLO", "AP", "5 %") - figure("5", "DenseCL", "AP", "5 %") == pytest.approx(2.0)
    assert figure("6", "FreeSOLO", "AP", "5 %") - figure("6", "DenseCL", "AP", "5 %") == pytest.approx(9.8)
    assert figure("4", "FreeSOLO", "AP", "COCO") > 2 * figure("4", "LOST*", "AP", "COCO"), "relative +100 %"
    assert figure("7c", "0", "AP") == figure("7d", "weak", "AP") == figure("7e", "combination", "AP")
    assert figure("7f", "with semantic", "AP") == figure("5", "FreeSOLO", "AP", "10 %")
    assert figure("7a", "DenseCL", "AR100") == figure("7b", "pyramid", "AR100")


def test_every_row_has_a_figure_for_every_column():
    assert sorted(PUBLISHED) == ["1", "2", "3", "4", "5", "6", "7a", "7b", "7c", "7d", "7e", "7f", "s1"]
    for table in PUBLISHED.values():
        for row in table.rows:
            assert len(row.figures) == len(table.columns), (table.number, row.name)


@pytest.mark.parametrize("number", sorted(PUBLISHED))
def test_all_rows_and_ours_are_shown(number):
    table = PUBLISHED[number]
    scores = Scores(dict.fromkeys(table.columns, 12.345) | {table.columns[-1]: -1.0}, {}, 0, 0, 0)
    console = Console(width=140, file=io.StringIO())
    console.print(beside.as_table(table, scores, "mine.jsonl", "a note"))
    text = console.file.getvalue()
    for row in table.rows:
        assert row.name in text
        assert all(f"{value:.1f}" in text for value in row.figures if value is not None)
    own = next(line for line in text.splitlines() if "mine.jsonl" in line)
    assert own.count("12.3") == len(table.columns) - 1
    assert "a note" in text
    row = json.loads(json.dumps(beside.as_json(table, scores, "mine.jsonl", "a note")))["rows"][-1]
    assert (row["source"], row["method"], row[table.columns[0]]) == ("here", "mine.jsonl", 12.35)


def test_the_note_knows_the_papers_data():
    def truth(names, annotations):
        images = [{"id": k, "file_name": name} for k, name in enumerate(names)]
        return Truth({"images": images, "annotations": [{}] * annotations}, None)

    val = truth([f"{k:012}.jpg" for k in range(5000)], 36781)
    assert beside.data_note(PUBLISHED["1"], val, "x.json") == "Here: COCO val2017, as in the paper."
    assert "5000 images of x.json. The paper's rows are of UVO val" in beside.data_note(PUBLISHED["2"], val, "x.json")
    part = truth([f"{k:012}.jpg" for k in range(100)], 700)
    assert "100 images of x.json. The paper's rows are of COCO val2017" in beside.data_note(
        PUBLISHED["1"], part, "x.json"
    )
    voc = truth([f"JPEGImages/{k:06}.jpg" for k in range(5011)], 15662)
    assert "VOC trainval07, as in the paper" in beside.data_note(PUBLISHED["4"], voc, "VOC2007")

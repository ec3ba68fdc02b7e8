"""Means, spreads and verdicts."""

import io

import pytest
from rich.console import Console

from trainers.ablation import report
from trainers.ablation.experiments import Claim
from trainers.ablation.report import RowResult
from trainers.scoring.published import PUBLISHED

TABLE = PUBLISHED["7d"]
CLAIMS = (Claim("weak", "full"),)


def rows(weak, full):
    def runs(values):
        return [{"AP50": 2 * value, "AP75": -1.0, "AP": value} for value in values]

    return [RowResult("full", runs(full)), RowResult("weak", runs(weak))]


@pytest.mark.parametrize(
    ("weak", "full", "says"),
    [
        ([3.0, 3.1, 3.2], [2.0, 2.2, 2.1], "as in the paper"),
        ([2.0, 2.2, 2.1], [3.0, 3.1, 3.2], "against the paper"),
        ([3.0, 1.0, 3.2], [2.0, 2.2, 2.1], "within the noise"),
        ([3.0], [2.0], "one repeat: the noise is not known"),
    ],
)
def test_a_difference_is_judged_by_its_noise(weak, full, says):
    (verdict,) = report.verdicts(TABLE, rows(weak, full), CLAIMS, "AP")
    assert verdict.says == says
    assert verdict.paper == pytest.approx(0.9)
    assert verdict.here == pytest.approx(sum(weak) / len(weak) - sum(full) / len(full))


def test_the_margin_is_that_of_students_t_on_paired_differences():
    (verdict,) = report.verdicts(TABLE, rows([3.0, 5.0, 4.0], [1.0, 4.0, 3.0]), CLAIMS, "AP")
    # differences 2, 1, 1: standard deviation 0.577, of the mean 0.333; t of 2 degrees of freedom 4.303
    assert verdict.margin == pytest.approx(4.303 / 3, abs=1e-3)


def test_rows_without_figures_make_no_claim():
    found = [RowResult("full", note="no weights"), *rows([1.0], [1.0])[1:]]
    assert report.verdicts(TABLE, found, CLAIMS, "AP") == []
    assert report.as_notes(found) == ["full: no weights"]
    content = report.as_json(TABLE, found, [], "AP", {})
    assert content["rows"][0] == {
        "name": "full", "paper": {"AP50": 6.2, "AP75": 1.6, "AP": 2.4}, "here": None, "runs": [], "note": "no weights",
    }  # fmt: skip


def test_json_and_table_have_means_and_spreads():
    found = rows([3.0, 5.0], [1.0, 2.0])
    judged = report.verdicts(TABLE, found, CLAIMS, "AP")
    content = report.as_json(TABLE, found, judged, "AP", {"remark": "r"})
    weak = content["rows"][1]
    assert weak["here"] == {"AP50": {"mean": 8.0, "spread": 2.828}, "AP": {"mean": 4.0, "spread": 1.414}}
    assert [run["AP"] for run in weak["runs"]] == [3.0, 5.0]
    assert (content["claims"][0]["here"], content["remark"]) == (2.5, "r")
    console = Console(width=140, file=io.StringIO())
    console.print(report.as_table(TABLE, found, "a remark"))
    lines = [line for line in console.file.getvalue().splitlines() if line.count("│") > 4]
    cells = [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines]
    assert cells[2:] == [["weak", "paper", "7.9", "2.5", "3.3"], ["", "here", "8.00±2.83", "-", "4.00±1.41"]]
    assert report.as_sentences(judged, "AP")[0].startswith("weak - full: AP +2.50 ± ")

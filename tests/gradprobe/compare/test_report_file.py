"""A JSON report read back: what it says is what was judged, and what is no report is refused in one line."""

import json

import pytest

from gradprobe.compare import compare, is_report, read_report
from gradprobe.compare.source import Source
from gradprobe.errors import RecordError
from gradprobe.values import ModuleState
from gradprobe_reports.json_report import document
from tests.gradprobe.compare.changes import changes
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, RED
from tests.support.findings import finding
from tests.support.sources import source, wobbling


def kept(report, place):
    path = place / "base.json"
    path.write_text(json.dumps(document(report)))
    return path


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_what_is_written_is_read_back(report, tmp_path):
    """Written again it is the same document: nothing that the schema holds is lost."""
    again = document(read_report(kept(report, tmp_path)))
    ours = document(report)
    for left_out in ("checks", "ranks"):  # Which checks ran, and how each rank went, is no matter of the comparison.
        again.pop(left_out, None), ours.pop(left_out, None)
    assert again == ours


def test_states_are_made_from_counts(tmp_path):
    states = {one.name: one.state for one in read_report(kept(RED, tmp_path)).modules}
    assert states["qwen"] is ModuleState.NO_GRADIENT
    assert states["agent"] is ModuleState.FLOWS
    assert states["agent.critic"] is ModuleState.FLOWS  # That it has vanished, no count tells.
    assert states["pooler"] is ModuleState.FROZEN
    depths = {one.name: one.depth for one in read_report(kept(RED, tmp_path)).modules}
    assert (depths["qwen"], depths["qwen.layers.0"]) == (0, 2)


def as_report(run, place):
    return Source(run.name, read_report(kept(run.report, place)), None)


def test_record_against_its_own_report_gives_nothing(tmp_path):
    run = source(
        norms={"encoder.weight": wobbling(1.0), "head.weight": -1.0},
        metrics={"loss": [2.0 - step / 40 for step in range(40)]},
        findings=[finding(parameters=("head.weight",))],
    )
    assert changes(as_report(run, tmp_path), run) == []
    assert changes(run, as_report(run, tmp_path)) == []


def test_report_tells_norms_gradients_and_findings_apart(tmp_path):
    base = as_report(source(norms={"encoder.weight": wobbling(1.0)}), tmp_path)
    new = source(norms={"encoder.weight": wobbling(1e4, 1), "head.weight": -1.0}, findings=[finding()])
    assert changes(base, new) == [
        ("finding", "regression", "error", "test"),
        ("gradient", "regression", "error", "head"),
        ("norm", "regression", "warning", "encoder"),
    ]


def test_spread_of_a_report_is_a_quarter_of_its_range(tmp_path):
    """From 0.1 to 10 are two decades: a deviation of half a decade."""
    base = as_report(source(norms={"encoder.weight": [0.1, 1.0, 1.0, 10.0] * 10}), tmp_path)
    row = compare([base], source()).norms[0]
    assert (row.base, row.spread) == (pytest.approx(1.0), pytest.approx(0.5))


def test_report_says_what_it_lacks(tmp_path):
    found = compare([as_report(source(), tmp_path)], source("new"))
    assert any("is a report: its norms are those of the whole run" in note for note in found.notes)
    assert found.step_time is None


def test_loss_of_a_report_is_told_by_its_trend(tmp_path):
    """One value at the end has no spread: only that the loss no longer falls is beyond doubt."""
    down = source(metrics={"loss": [2.0 - step / 40 for step in range(40)]})
    flat = source(metrics={"loss": [2.0] * 40})
    higher = source(metrics={"loss": [9.0 - step / 40 for step in range(40)]})
    assert changes(as_report(down, tmp_path), flat) == [("loss", "regression", "warning", "loss")]
    assert changes(as_report(down, tmp_path), higher) == []


WRONG = {
    "no JSON": ("{", "found no JSON"),
    "a list": ("[]", "found a list"),
    "no schema": ("{}", "a document without a schema number"),
    "newer": ('{"schema": 2}', "found schema 2"),
    "a comparison": ('{"schema": 1, "kind": "comparison"}', "found a comparison of runs"),
    "empty": ('{"schema": 1}', "gradprobe: field required"),
}


@pytest.mark.parametrize("row", WRONG)
def test_refused(row, tmp_path):
    text, reason = WRONG[row]
    path = tmp_path / "base.json"
    path.write_text(text)
    with pytest.raises(RecordError) as refused:
        read_report(path)
    assert reason in str(refused.value) and "base.json" in str(refused.value)


def test_refused_with_the_place_of_what_is_wrong(tmp_path):
    broken = document(RED)
    broken["findings"][0]["severity"] = "fatal"
    path = tmp_path / "base.json"
    path.write_text(json.dumps(broken))
    with pytest.raises(RecordError, match=r"findings\.0\.severity"):
        read_report(path)


def test_missing_file(tmp_path):
    with pytest.raises(RecordError, match="No such file"):
        read_report(tmp_path / "none.json")


def test_what_is_taken_for_a_report(tmp_path):
    (tmp_path / "out").write_text(' {"schema": 1}')
    (tmp_path / "rank-0.sqlite").write_bytes(b"SQLite format 3\0")
    assert is_report(tmp_path / "any.JSON") and is_report(tmp_path / "out")
    assert not is_report(tmp_path / "rank-0.sqlite") and not is_report(tmp_path)

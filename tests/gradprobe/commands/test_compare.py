"""`gradprobe compare`, on runs written by the record's own writer, and on the reports that `gradprobe report` makes of them."""

import json

import pytest

from gradprobe.errors import ExtensionError
from gradprobe.extensions import Format
from tests.gradprobe.commands.here import assert_one_line
from tests.gradprobe.commands.runs import write_two
from tests.gradprobe.runner.programs import run


@pytest.fixture
def runs(here):
    """Two runs alike, `base` and `again`, and `cut`, in which the encoder has no gradient."""
    for name, cut in (("base", False), ("again", False), ("cut", True)):
        write_two(here.place / name, cut=cut)
    return here


def test_same_program_gives_nothing(runs):
    ran = runs("compare", "base", "again")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("NO REGRESSION: train.py, 40 steps against its baseline\n")


def test_regression_is_said_and_fails(runs):
    ran = runs("compare", "base", "cut")
    assert (ran.code, ran.err) == (1, "")
    assert "The gradient of encoder is gone: none in 40 steps, before in 40 of 40 steps." in " ".join(ran.out.split())
    assert runs("compare", "base", "cut", "--fail-on", "never").code == 0
    assert runs("compare", "cut", "base").code == 0  # The other way round it is an improvement.


def test_last_run_is_the_new_one(runs):
    found = json.loads(runs("compare", "base", "again", "cut", "--format", "json").out)
    assert [side["name"] for side in found["baselines"]] == ["base", "again"]
    assert found["new"]["name"] == "cut"
    assert runs("compare", "base", "cut", "again").code == 0  # One baseline knew it.


def test_one_run_alone_is_the_baseline_of_the_newest(runs):
    (runs.place / ".gradprobe").mkdir()
    write_two(runs.place / ".gradprobe" / "train-1", cut=True)
    ran = runs("compare", "base", "--format", "json")
    assert (ran.code, json.loads(ran.out)["new"]["name"]) == (1, ".gradprobe/train-1")


def test_report_as_baseline_and_as_new_run(runs):
    runs("report", "base", "--report", "base.json", "--fail-on", "never")
    runs("report", "cut", "--report", "cut.json", "--fail-on", "never")
    for words in (["base.json", "cut"], ["base", "cut.json"], ["base.json", "cut.json"]):
        ran = runs("compare", *words)
        assert ran.code == 1 and "The gradient of encoder is gone" in ran.out
    assert runs("compare", "base.json", "again").code == 0


def test_record_file_and_run_below_the_home(runs):
    (runs.place / ".gradprobe").mkdir()
    write_two(runs.place / ".gradprobe" / "kept")
    assert runs("compare", "kept", "cut/rank-0.sqlite").code == 1


def test_every_format_by_its_suffix(runs):
    ran = runs(
        "compare", "base", "cut", "--report", "out.json", "--report", "out.md", "--report", "out.html", "--report", "-"
    )
    assert ran.code == 1 and ran.out.startswith("REGRESSED, 1 error")
    assert json.loads((runs.place / "out.json").read_text())["kind"] == "comparison"
    assert (runs.place / "out.md").read_text().startswith("## 🔴 REGRESSED")
    assert "<h1>REGRESSED" in (runs.place / "out.html").read_text()


def test_format_of_a_third_party_that_shows_no_comparison_is_not_offered(runs, monkeypatch):
    only = Format("plain", (".txt",), lambda report, file: None)
    both = Format("both", (".both",), lambda report, file: None, lambda found, file: file.write(f"{found.steps}\n"))
    monkeypatch.setattr("gradprobe.extensions.load_formats", lambda: (only, both))
    assert "expected a report that ends with one of .both" in runs("compare", "base", "cut", "--report", "a.txt").err
    assert runs("compare", "base", "cut", "--report", "-", "--format", "both").out == "40\n"


def test_format_that_fails_is_named(runs, monkeypatch):
    def fail(found, file):
        raise ZeroDivisionError("oops")

    monkeypatch.setattr("gradprobe.extensions.load_formats", lambda: (Format("odd", (".odd",), fail, fail),))
    ran = runs("compare", "base", "cut", "--report", "a.odd")
    assert ran.code == ExtensionError.exit_code
    assert "the format odd failed: ZeroDivisionError: oops" in ran.err
    assert not (runs.place / "a.odd").exists()


FLOWS = 'kind = "gradient-flows"\nmodule = "encoder"\nwindow = 2\nseverity = "warning"\n'
MINE = f'schema = 1\nname = "mine"\n[[flag]]\nname = "flows"\n{FLOWS}'


def flags_that_turned(ran):
    return [change["subject"] for change in json.loads(ran.out)["changes"] if change["kind"] == "flag"]


def test_policy_is_the_same_for_both(runs):
    (runs.place / "mine.toml").write_text(MINE)
    ran = runs("compare", "base", "cut", "--policy", "mine.toml", "--format", "json")
    assert flags_that_turned(ran) == ["flows"]


def test_baseline_is_judged_by_the_policy_that_the_new_run_was_given(runs):
    """So that a flag that is new in the policy does not pass for one that turned."""
    (runs.place / "mine.toml").write_text(MINE)
    for name, cut in (("new", True), ("fine", False)):
        write_two(runs.place / name, cut=cut, policy=str(runs.place / "mine.toml"))
    assert flags_that_turned(runs("compare", "base", "new", "--format", "json")) == ["flows"]
    assert flags_that_turned(runs("compare", "cut", "new", "--format", "json")) == []
    assert flags_that_turned(runs("compare", "base", "fine", "--format", "json")) == []


def test_checks_can_be_chosen_also_for_reports(runs):
    runs("report", "cut", "--report", "cut.json", "--fail-on", "never")
    for new in ("cut", "cut.json"):
        kinds = {
            words: [
                change["subject"]
                for change in json.loads(runs("compare", "base", new, *words.split(), "--format", "json").out)[
                    "changes"
                ]
                if change["kind"] == "finding"
            ]
            for words in ("--select missing-gradient", "--ignore missing-gradient")
        }
        assert kinds == {"--select missing-gradient": ["missing-gradient"], "--ignore missing-gradient": []}


REFUSED = {
    "missing": (["nowhere", "base"], "found nothing at nowhere"),
    "missing report": (["nowhere.json", "base"], "cannot read it: No such file or directory"),
    "the same twice": (["base", "base"], "found base more than once"),
    "another program": (["base", "other"], "base is a run of train.py, other one of other.py"),
    "no step": (["base", "empty"], "expected a script that trains"),
    "no run to compare with": (["base"], "found none; record one with `gradprobe run"),
    "not a report": (["bad.json", "base"], "found no JSON in bad.json"),
    "newer report": (["newer.json", "base"], "found schema 2 in newer.json"),
    "unknown suffix": (["base", "again", "--report", "out.xml"], "expected a report that ends with one of"),
    "unknown format": (["base", "again", "--report", "-", "--format", "sarif"], "'sarif'"),
    "fail on what": (["base", "again", "--fail-on", "info"], "'info'"),
    "unknown policy": (["base", "again", "--policy", "none.toml"], "none.toml"),
}


@pytest.mark.parametrize("row", REFUSED)
def test_refused_in_one_line(runs, row):
    words, reason = REFUSED[row]
    write_two(runs.place / "other", script="other.py")
    write_two(runs.place / "empty", steps=0)
    (runs.place / "bad.json").write_text("{")
    (runs.place / "newer.json").write_text('{"schema": 2}')
    before = runs.everything()
    assert reason in assert_one_line(runs("compare", *words))
    assert runs.everything() == before


def test_force_compares_what_they_share_and_says_why_not(runs):
    write_two(runs.place / "other", script="other.py", cut=True)
    ran = runs("compare", "base", "other", "--force")
    assert ran.code == 1 and "The gradient of encoder is gone" in ran.out
    assert "Compared because of --force, although base is a run of train.py" in " ".join(ran.out.split())


def test_source_lines_can_be_left_out(runs):
    (runs.place / "train.py").write_text("optimizer.step()\n")
    for more, count in (([], 1), (["--no-source"], 0)):
        ran = runs("compare", "base", "cut", "--format", "json", *more)
        codes = [one["finding"]["related"] for one in json.loads(ran.out)["changes"] if one["finding"]]
        assert bool([site for related in codes for site in related if site["code"]]) == bool(count)


def test_step_on_github_has_the_comparison_in_its_summary(runs, monkeypatch):
    summary = runs.place / "summary.md"
    summary.write_text("before\n")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(summary))
    runs("compare", "base", "cut", "--report", "out.md")
    assert summary.read_text() == f"before\n{(runs.place / 'out.md').read_text()}\n"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(runs.place))
    ran = runs("compare", "base", "cut")
    assert ran.code == 1 and "cannot append the comparison to GITHUB_STEP_SUMMARY: Is a directory" in ran.err


@pytest.mark.slow
def test_fault_planted_in_the_reference_loop_is_seen_and_another_seed_is_not(here):
    words = {"base": ["--seed", "1"], "other": ["--seed", "2"], "fault": ["--seed", "3", "--fault", "stray-no-grad"]}
    for name, more in words.items():
        options = ["--quiet", "--output", name, "--max-batches", "12", "--device", "cpu", *more]
        assert run(cwd=here.place, options=options).returncode == (name == "fault")
    assert here("compare", "base", "other", "--fail-on", "warning").code == 0
    ran = here("compare", "base", "fault", "--format", "json")
    assert ran.code == 1
    first = json.loads(ran.out)["changes"][0]
    assert (first["subject"], first["effect"], first["severity"]) == ("severed-gradient", "regression", "error")
    assert first["finding"]["location"]["file"].endswith("stray_no_grad.py")

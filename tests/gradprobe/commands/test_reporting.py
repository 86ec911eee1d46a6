"""`gradprobe report`, `explain`, `export` and `policy`, on records written by the record's own writer."""

import signal
import subprocess
import sys

import pandas as pd
import pytest

from gradprobe.record.directory import record_path
from gradprobe.record.writer import new_record
from tests.gradprobe.commands.test_training import SETUP
from tests.gradprobe.live.runs import write_run
from tests.support.documents import parsed, report_in

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def flag(severity, pattern):
    """A policy of one flag; in the run of `write_run`, qwen never has a gradient and agent always has one of 0.5."""
    kind = f'kind = "gradient-flows"\nmodule = "{pattern}"\nwindow = 2\nseverity = "{severity}"\n'
    return f'schema = 1\nname = "mine"\n[[flag]]\nname = "flows"\n{kind}'


VERDICTS = {"red": flag("error", "qwen"), "warning": flag("warning", "qwen"), "healthy": flag("error", "agent")}
MATRIX = {
    ("red", "error"): 1,
    ("red", "warning"): 1,
    ("red", "never"): 0,
    ("warning", "error"): 0,
    ("warning", "warning"): 1,
    ("warning", "never"): 0,
    ("healthy", "error"): 0,
    ("healthy", "warning"): 0,
    ("healthy", "never"): 0,
}


@pytest.mark.parametrize(("verdict", "fail_on"), MATRIX)
def test_exit_code_by_verdict(here, verdict, fail_on):
    write_run(here.place / "run")
    (here.place / "mine.toml").write_text(VERDICTS[verdict])
    # A check may find in this record what it finds; the flag alone decides here.
    ignored = [word for name in checks() for word in ("--ignore", name)]
    ran = here("report", "run", "--policy", "mine.toml", "--format", "json", "--fail-on", fail_on, *ignored)
    assert parsed(ran.out)["verdict"] == verdict
    assert (ran.code, ran.err) == (MATRIX[verdict, fail_on], "")


def checks():
    from gradprobe.extensions import load_checks

    return [check.name for check in load_checks()]


def test_report_prints_to_standard_output_and_takes_the_newest_run(here):
    for number in (1, 2):
        write_run(here.place / ".gradprobe" / f"train-{number}" if number == 2 else newest(here), steps=number)
    ran = here("report", "--fail-on", "never")
    assert ran.err == "" and "after 2 steps of train.py" in ran.out.splitlines()[0]
    named = here("report", ".gradprobe/train-1", "--fail-on", "never")
    assert "after 1 step of train.py" in named.out.splitlines()[0]
    by_file = here("report", ".gradprobe/train-1/rank-0.sqlite", "--fail-on", "never")
    assert by_file.out == named.out


def newest(here):
    (here.place / ".gradprobe").mkdir()
    return here.place / ".gradprobe" / "train-1"


def test_report_to_a_file_prints_nothing(here):
    write_run(here.place / "run")
    ran = here("report", "run", "--report", "out.json", "--fail-on", "never")
    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert report_in(here.place / "out.json")["run"]["steps"] == 5


def test_suffix_chooses_before_format_does(here):
    write_run(here.place / "run")
    options = ["--report", "out.json", "--report", "-", "--format", "terminal", "--fail-on", "never"]
    assert "after 5 steps of train.py" in here("report", "run", *options).out
    assert report_in(here.place / "out.json")["schema"] == 1


def test_report_of_a_killed_run_says_so(here):
    """`write_run` closes the record without an exit code, as nothing but a kill leaves it."""
    write_run(here.place / "run")
    ran = here("report", "run", "--fail-on", "never")
    assert ran.code == 0 and "killed" in ran.out


def test_a_run_that_was_killed_is_not_called_healthy(here):
    """As the kernel kills a process that has taken all the memory there is."""
    kill = "import os, signal\nos.kill(os.getpid(), signal.SIGKILL)"
    script = here.script(
        f"{SETUP}\nfor _ in range(40): train_step()\nimport time; time.sleep(0.6); train_step(); train_step()\n{kill}"
    )
    ran = subprocess.run(
        [sys.executable, "-m", "gradprobe", "run", "--output", "run", script],
        cwd=here.place,
        capture_output=True,
        check=False,
    )
    assert ran.returncode == -signal.SIGKILL
    told = here("report", "run")
    assert told.out.startswith("WARNING after 4")
    assert "The process was killed, or ended without a word" in " ".join(told.out.split())


def test_report_of_a_run_that_is_going_on(here):
    """The writer holds the record open, and nothing has been trained yet: no error, there is only nothing to say."""
    (here.place / "run").mkdir()
    facts = {"script": "train.py", "argv": [], "python": "3.11", "started": "2026-11-22T20:00:00Z"}
    facts |= {"started_time": 1e9, "rank": 0, "pid": 1, "cwd": "/"}
    writer = new_record(record_path(here.place / "run"), facts)
    try:
        ran = here("report", "run", "--format", "json")
    finally:
        writer.close()
    report = parsed(ran.out)
    assert (ran.code, ran.err, report["run"]["steps"], report["run"]["exit_code"]) == (0, "", 0, None)
    assert any("has not ended" in sentence for sentence in report["not_seen"])


def test_policy_prints_what_is_in_force(here):
    default = tomllib.loads(here("policy").out)
    assert default["name"] == "default"
    write_run(here.place / "run")
    reference = write_run_of("-m gradprobe_reference", here)
    assert tomllib.loads(here("policy").out)["name"] == "quick-reference", reference
    assert tomllib.loads(here("policy", "default").out) == default


def write_run_of(script, here):
    run = here.place / ".gradprobe" / "reference"
    run.mkdir(parents=True)
    facts = {"script": script, "argv": [], "python": "3.11", "started": "2026-11-22T20:00:00Z"}
    new_record(record_path(run), facts | {"started_time": 1e9, "rank": 0, "pid": 1, "cwd": "/"}).finish()
    return run


def test_printed_policy_is_one_that_can_be_used(here):
    write_run(here.place / "run")
    (here.place / "mine.toml").write_text(here("policy", "default").out)
    shipped, own = (parsed(here("report", "run", "--format", "json", *more).out) for more in ([], MINE))
    assert own["flags"] == shipped["flags"]


MINE = ["--policy", "mine.toml"]


def test_explain_lists_every_check_and_prints_a_page(here):
    from gradprobe.extensions import load_checks

    known = load_checks()
    lines = here("explain").out.splitlines()
    assert [line.split()[:2] for line in lines] == [[check.code, check.name] for check in known]
    for word in (known[0].name, known[0].code, known[0].code.lower()):
        assert here("explain", word).out == known[0].page.strip() + "\n"


def test_export_writes_every_frame(here):
    write_run(here.place / "run")
    ran = here("export", "run", "frames")
    files = ran.out.splitlines()
    assert files == [
        f"frames/{name}.parquet" for name in ("steps", "modules", "parameters", "accounts", "metrics", "events")
    ]
    assert (ran.code, ran.err) == (0, "")
    assert len(pd.read_parquet("frames/steps.parquet")) == 5
    assert here("export", "run", "out.csv").out.splitlines()[0] == "out-steps.csv"
    # The loss of step 4 is 2.0 - 4 / 10.
    last = pd.read_csv("out-metrics.csv").iloc[-1]
    assert (last["metric"], last["step"], last["value"]) == ("loss", 4, pytest.approx(1.6))


def test_policy_of_a_run_is_remembered(here):
    policy = here.place / "strict.toml"
    policy.write_text(
        'schema = 1\nname = "strict"\n[[flag]]\nname = "flows"\nkind = "gradient-flows"\nmodule = "*"\nfirst = 1\nseverity = "error"\n'
    )
    run = here.place / "run"
    run.mkdir()
    facts = {"script": "train.py", "argv": [], "python": "3.11", "started": "2026-01-01T00:00:00Z", "started_time": 1e9}
    new_record(record_path(run), facts | {"policy": str(policy), "exit_code": 1}).finish()
    assert "policy strict" in here("report", "run").out
    assert "policy default" in here("report", "run", "--policy", "default").out

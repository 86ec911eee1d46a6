"""What GitHub Actions is told: annotations on a stream that nothing else needs whole, and the step's summary."""

import os
import subprocess
import sys

import pytest

from tests.gradprobe.commands.test_reporting import VERDICTS, checks
from tests.gradprobe.commands.test_training import SETUP
from tests.gradprobe.live.runs import write_run
from tests.support.documents import parsed

SEVERED = """import torch
torch.manual_seed(0)
encoder, head = torch.nn.Linear(4, 4), torch.nn.Linear(4, 1)
optimizer = torch.optim.SGD([*encoder.parameters(), *head.parameters()], lr=0.1)
for _ in range(5):
    optimizer.zero_grad()
    with torch.no_grad():
        hidden = encoder(torch.randn(8, 4))
    loss = head(hidden).square().mean()
    loss.backward()
    optimizer.step()
print("done")
"""
CUT = SEVERED.splitlines().index("    with torch.no_grad():") + 1


@pytest.fixture
def red(here, monkeypatch):
    """A run that is red by one flag alone, in a step of GitHub Actions; the words of the command."""
    write_run(here.place / "run")
    (here.place / "mine.toml").write_text(VERDICTS["red"])
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ignored = [word for name in checks() for word in ("--ignore", name)]
    return ["report", "run", "--policy", "mine.toml", *ignored]


ERROR = "::error file=train.py,title=the flag flows is red::expected"


def test_annotations_go_to_standard_output(here, red):
    ran = here(*red, "--report", "out.json")

    assert (ran.code, ran.err, ran.out.count("\n")) == (1, "", 1)
    assert ran.out.startswith(ERROR)


def test_a_report_on_standard_output_stays_whole(here, red, monkeypatch):
    ran = here(*red, "--report", "-", "--format", "json")
    assert parsed(ran.out)["verdict"] == "red"
    assert ran.err.startswith(ERROR) and ran.err.count("\n") == 1

    shown = here(*red)
    monkeypatch.delenv("GITHUB_ACTIONS")
    assert shown.out == here(*red).out and shown.err == ran.err


def test_they_can_be_asked_for_and_are_not_printed_twice(here, red, monkeypatch):
    words = [*red, "--report", "-", "--format", "github"]
    ran = here(*words)
    assert ran.out.startswith(ERROR) and (ran.out.count("\n"), ran.err) == (1, "")

    monkeypatch.delenv("GITHUB_ACTIONS")
    assert here(*words).out == ran.out


@pytest.mark.parametrize("value", ["", "false", "1"])
def test_they_are_for_github_alone(here, red, monkeypatch, value):
    monkeypatch.setenv("GITHUB_ACTIONS", value)

    assert here(*red, "--report", "out.json").out == ""


def test_run_prints_them_after_what_the_script_printed_and_keeps_its_code(here, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    ran = here("run", "--no-live", here.script(SEVERED))

    lines = ran.out.splitlines()
    assert ran.code == 1 and lines[0] == "done"
    assert lines[1].startswith(f"::error file=train.py,line={CUT},title=the gradient of encoder ends here")
    assert "::error" not in ran.err


def test_quiet_leaves_the_terminal_alone_and_writes_the_summary(here, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    ran = here("run", "--quiet", here.script(SEVERED))

    assert (ran.code, ran.out, ran.err) == (1, "done\n", "")
    assert (here.place / "summary.md").read_text().startswith("## 🔴 RED after 5 steps of train.py")


def test_a_healthy_run_has_a_summary_and_no_annotation(here, monkeypatch):
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    ran = here("run", "--quiet", here.script(f"{SETUP}\nfor _ in range(3): train_step()"))

    assert (ran.code, ran.out, ran.err) == (0, "", "")
    assert "## " in (here.place / "summary.md").read_text()


def test_the_report_is_appended_to_the_summary_as_it_is_written_to_a_file(here, red, monkeypatch):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    (here.place / "summary.md").write_text("# From another tool\n")
    for _ in range(2):
        here(*red, "--report", "out.md")

    report = (here.place / "out.md").read_text()
    assert report.startswith("## 🔴 RED after 5 steps")
    assert (here.place / "summary.md").read_text() == f"# From another tool\n{report}\n{report}\n"


@pytest.mark.parametrize("place", ["run", "no/such/folder/summary.md"])
def test_a_summary_that_cannot_be_written_fails_nothing(here, red, monkeypatch, place):
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", place)
    ran = here(*red, "--report", "out.json")

    assert (ran.code, ran.err.count("\n")) == (1, 1)
    assert ran.err.startswith("gradprobe: cannot append the report to GITHUB_STEP_SUMMARY: ")
    assert ran.out.startswith(ERROR)


@pytest.mark.parametrize(("rank", "lines"), [("0", 1), ("1", 0)])
def test_of_a_distributed_run_the_first_process_speaks(here, red, monkeypatch, rank, lines):
    monkeypatch.setenv("RANK", rank)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")

    assert here(*red, "--report", "out.json").out.count("\n") == lines
    assert (here.place / "summary.md").exists() == (lines == 1)


def test_a_step_on_github(tmp_path):
    """As the runner starts it: a process of its own, in a folder of the checkout, both streams read line by line."""
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "train.py").write_text(SEVERED)
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(path for path in sys.path if path),
        "GITHUB_ACTIONS": "true",
        "GITHUB_WORKSPACE": str(tmp_path),
        "GITHUB_STEP_SUMMARY": str(tmp_path / "summary.md"),
    }
    command = [sys.executable, "-m", "gradprobe", "run", "--report", "out.sarif", "--report", "out.xml", "train.py"]
    ran = subprocess.run(
        command, cwd=tmp_path / "examples", env=environment, capture_output=True, text=True, check=False, timeout=120
    )

    assert ran.returncode == 1, ran.stderr
    found = [line for line in (ran.stdout + ran.stderr).splitlines() if line.startswith("::")]
    assert [line.partition(",title=")[0] for line in found[:1]] == [f"::error file=examples/train.py,line={CUT}"]
    assert all(line in ran.stdout for line in found)
    assert f"**`examples/train.py:{CUT}`**" in (tmp_path / "summary.md").read_text(encoding="utf-8")
    assert '"uri": "examples/train.py"' in (tmp_path / "examples" / "out.sarif").read_text()
    assert f'file="examples/train.py" line="{CUT}"' in (tmp_path / "examples" / "out.xml").read_text()

"""`gradprobe run` around scripts that train: when it ends them, what it exits with, what it leaves."""

import sys

import pytest

from gradprobe.recorder.layout import Layout
from gradprobe.values import Backward
from tests.support.documents import parsed, report_in

SETUP = """
import torch
torch.manual_seed(0)
model = torch.nn.Linear(4, 2)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
inputs, targets = torch.randn(8, 4), torch.randn(8, 2)
def train_step():
    optimizer.zero_grad()
    loss = torch.nn.functional.mse_loss(model(inputs), targets)
    loss.backward()
    optimizer.step()
"""
# A thousand steps, not endless: where the end fails to come, so does the test, at once.
LONG = f"""{SETUP}
steps = 0
try:
    for _ in range(1000):
        try:
            train_step()
            steps += 1
        except Exception:
            print("taken for an error")
finally:
    print("finally after", steps)
print("never here")
"""


def backward_calls(record):
    return sum(seen.count for seen in record.calls if isinstance(seen.call, Backward))


def test_max_batches_ends_a_long_script(here):
    ran = here("run", "--max-batches", "5", here.script(LONG))
    assert (ran.code, ran.out) == (0, "finally after 5\n"), ran.err
    record = here.record()
    assert record.facts.steps == len(record.steps) == 5
    assert (record.facts.stopped_by, record.facts.exit_code, record.facts.exception) == ("max-batches", 0, None)
    assert ran.err.splitlines()[-1].split() == ["next", "gradprobe", "report", f".gradprobe/{run_name(here)}", *HTML]


HTML = ["--report", "health.html"]


def run_name(here):
    (run,) = (path for path in (here.place / ".gradprobe").iterdir() if path.is_dir())
    return run.name


def test_max_batches_with_two_optimizers(here):
    """Discriminator and generator step once each a batch: three batches are three steps, of both."""
    gan = f"""{SETUP}
other = torch.nn.Linear(2, 4)
second = torch.optim.Adam(other.parameters())
def adversary_step():
    second.zero_grad()
    other(model(inputs)).square().mean().backward()
    second.step()
for _ in range(1000):
    train_step()
    adversary_step()
"""
    assert here("run", "--max-batches", "3", here.script(gan)).code == 0
    record = here.record()
    assert record.facts.steps == 3
    assert {optimizer.type: optimizer.steps for optimizer in record.optimizers} == {"SGD": 3, "Adam": 3}


def test_max_batches_counts_steps_not_micro_batches(here):
    """Four micro-batches a step: three steps are twelve backward calls, and the thirteenth never happens."""
    accumulation = f"""{SETUP}
micro = 0
try:
    for _ in range(1000):
        for _ in range(4):
            loss = torch.nn.functional.mse_loss(model(inputs), targets) / 4
            loss.backward()
            micro += 1
        optimizer.step()
        optimizer.zero_grad()
finally:
    print(micro)
"""
    ran = here("run", "--max_batches=3", here.script(accumulation))
    record = here.record()
    assert (ran.code, ran.out, record.facts.steps, backward_calls(record)) == (0, "12\n", 3, 12)


def test_script_that_ends_before_max_batches(here):
    ran = here("run", "--max-batches", "100", here.script(f"{SETUP}\nfor _ in range(3): train_step()\nprint('end')"))
    facts = here.record().facts
    assert (ran.code, ran.out, facts.steps, facts.stopped_by) == (0, "end\n", 3, "script")


def test_script_that_takes_the_stop_for_itself_still_ends(here):
    """A bare `except` takes what ends it; the record tells nevertheless why there are no more steps."""
    script = f"{SETUP}\nfor _ in range(9):\n    try:\n        train_step()\n    except:\n        break\n"
    ran = here("run", "--max-batches", "2", here.script(script))
    facts = here.record().facts
    assert (ran.code, facts.steps, facts.stopped_by) == (0, 2, "max-batches")


def test_max_batches_ends_a_thread_that_trains(here):
    """Without a traceback: nothing is wrong. What ends another thread is shown, without frames of gradprobe."""
    script = f"""{SETUP}
import threading
def train():
    for _ in range(1000):
        train_step()
def wrong():
    torch.zeros(1).backward()
for target in (train, wrong):
    thread = threading.Thread(target=target)
    thread.start()
    thread.join()
"""
    ran = here("run", "--no-live", "--fail-on", "never", "--max-batches", "3", here.script(script))
    facts = here.record().facts
    assert (ran.code, facts.steps, facts.stopped_by) == (0, 3, "max-batches")
    assert "StopTraining" not in ran.err and "RuntimeError: element 0 of tensors does not require grad" in ran.err
    assert "gradprobe/recorder" not in ran.err


# One red flag for this loop: its loss is about 1, and it does not rise.
RED = 'schema = 1\nname = "mine"\n[[flag]]\nname = "loss-rises"\nkind = "rising"\nmetric = "loss"\nseverity = "{}"\n'


@pytest.mark.parametrize(
    ("severity", "fail_on", "ending", "code"),
    [
        ("error", "error", "", 1),
        ("error", "never", "", 0),
        ("error", "warning", "", 1),
        ("warning", "error", "", 0),
        ("warning", "warning", "", 1),
        ("warning", "never", "", 0),
        # The script's own code goes first.
        ("error", "error", "raise SystemExit(3)", 3),
        ("error", "error", "raise SystemExit(1)", 1),
        ("error", "never", "raise ValueError('mine')", 1),
    ],
)
def test_exit_code(here, severity, fail_on, ending, code):
    (here.place / "mine.toml").write_text(RED.format(severity))
    script = here.script(f"{SETUP}\nfor _ in range(40): train_step()\n{ending}")
    ran = here("run", "--policy", "mine.toml", "--fail-on", fail_on, "--report", "out.json", script)
    verdict = report_in(here.place / "out.json")["verdict"]
    assert (ran.code, verdict) == (code, "red" if severity == "error" else "warning"), ran.err
    *_, following, written = ran.err.splitlines()
    assert following.startswith(" next")
    assert written == "gradprobe: wrote out.json"


def test_quiet_leaves_the_terminal_alone_and_writes_reports(here):
    script = here.script(f"{SETUP}\nfor _ in range(40): train_step()\nprint('mine')")
    ran = here("run", "--quiet", "--report", "a.json", "--report", "b.json", script)
    assert (ran.code, ran.out, ran.err) == (0, "mine\n", "")
    first, second = ((here.place / name).read_text() for name in ("a.json", "b.json"))
    assert first == second
    assert parsed(first)["run"]["steps"] == 40
    assert here.everything() == sorted(["a.json", "b.json", script, *kept(here)])


def kept(here):
    return [path for path in here.everything() if path.startswith(".gradprobe")]


def test_report_to_standard_output_comes_after_what_the_script_printed(here):
    script = here.script(f"{SETUP}\ntrain_step()\nprint('mine')")
    ran = here("run", "--quiet", "--report", "-", "--format", "json", "--output", "kept", script)
    first, _, rest = ran.out.partition("\n")
    assert first == "mine" and parsed(rest)["run"]["script"] == script
    assert ran.err == ""


def test_progress_without_a_terminal(here):
    """Lines for steps 0, 1, 2, 5 and 10 of twelve; the loss is the one variable that a metric is made of."""
    script = here.script(f"{SETUP}\nfor _ in range(12): train_step()")
    lines = [line for line in here("run", script).err.splitlines() if line.startswith("gradprobe: step ")]
    assert [line.split()[2] for line in lines] == ["0", "1", "2", "5", "10"]
    assert all(line.split()[3::2] == ["loss", "model"] for line in lines)
    assert "gradprobe: step" not in here("run", "--no-live", script).err


def test_script_that_never_trains_is_one_line_and_2(here):
    ran = here("run", "--quiet", "--report", "out.json", here.script(f"{SETUP}\nprint('no training')"))
    (line,) = ran.err.splitlines()
    assert line.startswith("gradprobe: expected a script that trains") and "found neither in train.py" in line
    assert "a process that it starts by subprocess or os.fork is not recorded" in line
    assert run_name(here) in line
    assert (ran.code, ran.out) == (2, "no training\n")
    assert not (here.place / "out.json").exists()
    assert here.record().facts.exit_code == 0, "the record is kept"
    again = here("report")
    assert again.err == ran.err and again.code == 2


def test_recorder_that_failed_before_the_first_step_is_not_healthy(here, monkeypatch):
    def fails(*_: object) -> None:
        raise LookupError("a fault of ours")

    monkeypatch.setattr(Layout, "bind", fails)
    script = here.script(f"{SETUP}train_step()\nprint('trained')")
    ran = here("run", "--quiet", "--report", "out.json", script)
    ended, line = ran.err.splitlines()
    assert ended.startswith("gradprobe: recording ended after 0 steps, training goes on: LookupError: a fault of ours")
    assert (
        line.startswith("gradprobe: expected to record training steps of ") and "LookupError: a fault of ours" in line
    )
    assert (ran.code, ran.out) == (2, "trained\n")
    assert not (here.place / "out.json").exists()


def test_script_that_fails_before_it_trains_keeps_its_code_and_is_reported(here):
    ran = here("run", "--report", "out.json", here.script(f"{SETUP}\nraise SystemExit(7)"))
    assert ran.code == 7 and "No optimizer step was recorded" in ran.err
    assert report_in(here.place / "out.json")["run"]["exit_code"] == 7


def test_hand_written_update_trains_without_an_optimizer(here):
    script = here.script(
        f"{SETUP}\nfor _ in range(3):\n"
        "    torch.nn.functional.mse_loss(model(inputs), targets).backward()\n"
        "    with torch.no_grad():\n"
        "        for parameter in model.parameters():\n"
        "            parameter -= 0.1 * parameter.grad\n"
        "            parameter.grad = None\n"
    )
    ran = here("run", script)
    assert ran.code == 0, ran.err
    assert here.record().facts.steps == 3
    assert backward_calls(here.record()) == 3


def test_hand_written_update_is_followed_in_depth_for_the_first_steps_only(here):
    script = here.script(
        f"{SETUP}\nfor _ in range(40):\n"
        "    torch.nn.functional.mse_loss(model(inputs), targets).backward()\n"
        "    with torch.no_grad():\n"
        "        for parameter in model.parameters():\n"
        "            parameter -= 0.1 * parameter.grad\n"
        "            parameter.grad = None\n"
    )
    assert here("run", "--overhead", "0.01%", script).code == 0
    facts = here.record().facts
    assert (facts.steps, facts.deep_steps) == (40, 3)


BROKEN_FORMAT = """
from gradprobe.extensions import Format
def write(report, file):
    file.write("half of a report")
    raise KeyError("the format is broken")
UNITS = [Format("broken", (".broken",), write)]
"""
BROKEN_CHECK = """
from gradprobe.extensions import Check
UNITS = [Check("broken-check", "XX001", lambda record: ["no finding"], "A page.")]
"""


@pytest.fixture
def installed(here, monkeypatch):
    """Installs a third party's package beside gradprobe."""

    def install(group, text):
        site = here.place / "site"
        about = site / "thirdparty-1.0.dist-info"
        about.mkdir(parents=True)
        (site / "thirdparty.py").write_text(text)
        (about / "METADATA").write_text("Metadata-Version: 2.1\nName: thirdparty\nVersion: 1.0\n")
        (about / "entry_points.txt").write_text(f"[gradprobe.{group}]\nbroken = thirdparty:UNITS\n")
        monkeypatch.syspath_prepend(site)
        monkeypatch.delitem(sys.modules, "thirdparty", raising=False)

    return install


def test_format_that_fails_leaves_no_half_report_and_the_others_whole(here, installed):
    installed("reports", BROKEN_FORMAT)
    (here.place / "old.broken").write_text("an older report")
    reports = [word for name in ("new.broken", "old.broken", "good.json") for word in ("--report", name)]
    ran = here("run", "--quiet", *reports, here.script(f"{SETUP}\ntrain_step()"))
    failed = "gradprobe: the format broken failed: KeyError: 'the format is broken'; name another with --format"
    assert (ran.code, ran.err.splitlines()) == (2, [failed, failed])
    assert report_in(here.place / "good.json")["run"]["steps"] == 1
    assert (here.place / "old.broken").read_text() == "an older report"
    names = {path.name for path in here.place.iterdir()}
    assert names == {"train.py", "site", ".gradprobe", "old.broken", "good.json"}


def test_check_that_finds_nonsense_does_not_take_the_exit_code_of_the_script(here, installed):
    installed("checks", BROKEN_CHECK)
    ran = here("run", "--no-live", here.script(f"{SETUP}\ntrain_step()\nraise SystemExit(3)"))
    assert ran.code == 3
    assert ran.err and "Traceback" not in ran.err


def test_script_that_removes_its_record_keeps_its_code(here):
    ran = here("run", here.script("import shutil, sys\nshutil.rmtree('.gradprobe')\nsys.exit(3)"))
    (line,) = ran.err.splitlines()
    assert ran.code == 3 and line.startswith("gradprobe: expected a run directory, found nothing")


def test_report_follows_a_link_and_writes_into_a_device(here):
    (here.place / "link.json").symlink_to("target.json")
    script = here.script(f"{SETUP}\ntrain_step()")
    ran = here("run", "--quiet", "--report", "link.json", "--report", "/dev/null", "--format", "json", script)
    assert ran.code == 0, ran.err
    assert (here.place / "link.json").is_symlink()
    assert report_in(here.place / "target.json")["schema"] == 1

"""`gradprobe watch`: a run from a second terminal, to its end."""

import signal
import subprocess
import sys
import time

import pytest

from tests.gradprobe.commands.test_training import SETUP
from tests.gradprobe.live.runs import write_run
from tests.gradprobe.live.terminal import Terminal
from tests.gradprobe.runner.programs import PATIENCE

# Trains until a file is there.
TRAINING = f"""{SETUP}
import pathlib, time
train_step()
print("training", flush=True)
while not pathlib.Path("stop").exists():
    train_step()
    time.sleep(0.01)
"""
WATCH = "import runpy, sys\nsys.argv[1:1] = ['watch']\nrunpy.run_module('gradprobe', run_name='__main__')\n"


@pytest.fixture
def training(tmp_path):
    """A training that goes on until it is told to stop."""
    (tmp_path / "train.py").write_text(TRAINING)
    command = [sys.executable, "-m", "gradprobe", "run", "--quiet", "--output", "run", "train.py"]
    program = subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE)
    assert program.stdout.readline() == b"training\n"
    yield program
    program.kill()
    program.communicate()


def watched(*words, cwd):
    command = [sys.executable, "-m", "gradprobe", "watch", *words]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=PATIENCE)


def test_a_run_that_goes_on_is_drawn_until_it_has_ended(training, tmp_path):
    terminal = Terminal(100, 30)
    try:
        program = terminal.run(WATCH, str(tmp_path / "run"))
        terminal.wait(lambda lines: "so far, step" in lines[0] and any(line.startswith(" model") for line in lines))
        (tmp_path / "stop").touch()
        training.wait(PATIENCE)
        # The emulator has no second screen to come back from, so the last lines may begin anywhere in a line.
        terminal.wait(lambda lines: "gradprobe report" in (text := "".join(lines)) and "steps of train.py" in text)
        assert program.wait(PATIENCE) == 0
    finally:
        terminal.close()
    assert training.returncode == 0


def test_ctrl_c_ends_watching_and_not_the_run(training, tmp_path):
    terminal = Terminal(100, 30)
    try:
        program = terminal.run(WATCH, str(tmp_path / "run"))
        terminal.wait(lambda lines: "so far, step" in lines[0])
        terminal.press(b"\x03")
        assert program.wait(PATIENCE) == 0
        assert not any("Traceback" in line for line in terminal.lines())
    finally:
        terminal.close()
    assert training.poll() is None
    (tmp_path / "stop").touch()
    assert training.wait(PATIENCE) == 0


def test_a_run_that_was_killed_has_ended(training, tmp_path):
    time.sleep(1)
    training.send_signal(signal.SIGKILL)
    training.wait(PATIENCE)
    began = time.monotonic()
    ran = watched("run", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert time.monotonic() - began > 5  # It might only have been silent.
    assert ran.stdout.splitlines()[-2:] == [
        "the process is gone and the run has no end: it was killed",
        "gradprobe report run",
    ]


def test_a_pipe_gets_lines(tmp_path):
    write_run(tmp_path / "run", facts={"exit_code": 0, "stopped_by": "script"})
    ran = watched("run", cwd=tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "HEALTHY after 5 steps of train.py: 3 flags green, 2 could not be judged",
        "gradprobe report run",
    ]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("nowhere",), "expected a run directory"),
        (("run", "--rank", "7"), "expected one of the ranks 0 for --rank, found 7; name one of them"),
        ((), "expected a run below"),
    ],
)
def test_bad_input_is_one_line(tmp_path, words, message):
    write_run(tmp_path / "run")
    ran = watched(*words, cwd=tmp_path)
    assert ran.returncode == 2
    assert message in ran.stderr
    assert len(ran.stderr.splitlines()) == 1

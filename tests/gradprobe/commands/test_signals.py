"""Signals: the record is finished and reported, and the process dies as it would have."""

import os
import signal
import subprocess
import sys
import time

import pytest

from gradprobe.record.directory import find_record
from gradprobe.record.reader import read_record
from tests.gradprobe.commands.test_training import SETUP
from tests.gradprobe.runner.programs import PATIENCE, run
from tests.support.documents import report_in

TERMINATED = "import os, signal\nprint('before', flush=True)\nos.kill(os.getpid(), signal.SIGTERM)\nprint('after')\n"


def recorded(place):
    return read_record(find_record(place / "run")).facts


@pytest.mark.parametrize("quiet", [True, False], ids=["quiet", "with a report"])
def test_sigterm_finishes_the_record_reports_and_kills(tmp_path, quiet):
    (tmp_path / "train.py").write_text(TERMINATED)
    options = ["--output", "run", "--report", "out.json", *(["--quiet"] if quiet else [])]
    ran = run("train.py", cwd=tmp_path, options=options)
    assert (ran.returncode, ran.stdout) == (-signal.SIGTERM, b"before\n")
    facts = recorded(tmp_path)
    # 128 + 15, as a shell gives the end by SIGTERM.
    assert (facts.stopped_by, facts.exit_code, facts.exception) == ("signal", 143, None)
    assert report_in(tmp_path / "out.json")["run"]["stopped_by"] == "signal"
    if quiet:
        assert ran.stderr == b""
    else:
        assert b"A signal ended the script" in ran.stderr
        *_, following, written = ran.stderr.decode().splitlines()
        assert following.startswith(" next")
        assert written == "gradprobe: wrote out.json"


def test_what_the_script_decided_about_signals_holds(tmp_path):
    """An own handler wins, what `nohup` ignores stays ignored, and Ctrl-C is Python's."""
    script = """
import os, signal, sys
assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
os.kill(os.getpid(), signal.SIGHUP)
print("alive", flush=True)
found = signal.getsignal(signal.SIGTERM)
# As frameworks do: what stood there before is called along.
signal.signal(signal.SIGTERM, lambda *args: (found(*args), sys.exit(7)))
os.kill(os.getpid(), signal.SIGTERM)
"""
    (tmp_path / "train.py").write_text(script)

    def nohup():
        signal.signal(signal.SIGHUP, signal.SIG_IGN)

    ran = run("train.py", cwd=tmp_path, options=["--quiet", "--output", "run"], preexec_fn=nohup)
    assert (ran.returncode, ran.stdout, ran.stderr) == (7, b"alive\n", b"")
    assert (recorded(tmp_path).stopped_by, recorded(tmp_path).exit_code) == ("script", 7)


TRAINING = f"{SETUP}\ntrain_step()\nprint('training', flush=True)\nwhile True: train_step()\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
def test_signal_in_the_middle_of_training(tmp_path, number, code):
    """It arrives from outside, wherever the loop and the recorder's hooks are by then."""
    (tmp_path / "train.py").write_text(TRAINING)
    command = [sys.executable, "-m", "gradprobe", "run", "--no-live", "--output", "run", "train.py"]
    # Ctrl-C is ignored in what a shell starts in the background: not here.
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    try:
        assert process.stdout.readline() == b"training\n"
        time.sleep(0.2)
        os.kill(process.pid, number)
        _, errors = process.communicate(timeout=PATIENCE)
    finally:
        process.kill()
        process.communicate()  # Not left behind for another test to stumble over.
    assert process.returncode == -number, errors.decode()
    record = read_record(find_record(tmp_path / "run"))
    assert (record.facts.stopped_by, record.facts.exit_code) == ("signal", code)
    # Ctrl-C is an exception that can be raised anywhere, also between a step's end and its row: no more than that one is lost.
    rows = int(record.steps.span.sum())
    assert record.facts.steps >= 1
    assert rows in ({record.facts.steps} if number == signal.SIGTERM else {record.facts.steps, record.facts.steps - 1})
    text = errors.decode()
    assert "steps of train.py" in text
    assert ("KeyboardInterrupt" in text.splitlines()) == (number == signal.SIGINT)
    assert "gradprobe/" not in text.partition(" steps of train.py")[0], "frames of gradprobe"

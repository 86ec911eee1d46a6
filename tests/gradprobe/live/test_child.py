"""The live screen as a process of its own, in a real pseudo-terminal, over a real record."""

import os
import signal
import subprocess
import sys

import psutil
import pytest

from tests.gradprobe.live.runs import write_run
from tests.gradprobe.live.terminal import PATIENCE, Terminal

TRAIN = """
import sys, time
from pathlib import Path
from gradprobe.live.child import start_live
live = start_live(Path(sys.argv[1]), "default")
print("screen", live._process.pid, flush=True)
"""
# Goes on when a line is typed: the test decides when, not the clock.
LINES = """
input()
for number in range(30):
    print("line", number, flush=True)
input()
"""
FOREVER = "while True: time.sleep(0.1)\n"


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


@pytest.fixture
def run(tmp_path):
    return write_run(tmp_path / "run")


def shown(lines):
    """Whether the strip is there, from the verdict to the last metric."""
    return any("step 5 of train.py" in line for line in lines) and lines[-1].startswith(" loss")


def screen_process(terminal):
    lines = terminal.wait(lambda lines: any(line.startswith("screen ") for line in lines))
    pid = next(line.split()[1] for line in lines if line.startswith("screen "))
    return psutil.Process(int(pid))


def test_shows_the_run_below_the_script_and_goes_when_stopped(terminal, run):
    program = terminal.run(TRAIN + LINES + "live.stop(); live.stop(); print('done', flush=True); input()", run)
    process = screen_process(terminal)
    lines = terminal.wait(shown)
    assert any(line.startswith(" qwen") and line.endswith("NO GRADIENT in 5") for line in lines)
    assert any(line.startswith(" agent  5.00e-01") and line.endswith("flows") for line in lines)
    assert process.nice() == min(os.nice(0) + 10, 19)

    terminal.press(b"\n")
    lines = terminal.wait(lambda lines: any(line == "line 29" for line in lines))
    strip = [line for line in lines if line.startswith("──")]
    assert len(strip) == 1 and shown(lines)
    top = lines.index(strip[0])
    assert lines[:top] == [*(f"line {number}" for number in range(31 - top, 30)), ""]

    terminal.press(b"\n")
    lines = terminal.wait(lambda lines: "done" in lines)
    assert terminal.scrolls_whole
    written = [line for line in lines if line]
    assert written[-2:] == ["line 29", "done"] or written[-3:] == ["line 29", "", "done"]
    assert not any(line.startswith(("──", " qwen", " loss")) for line in lines)
    assert not process.is_running()
    terminal.press(b"\n")
    assert program.wait(PATIENCE) == 0


def test_gives_the_terminal_back_when_the_training_process_is_killed(terminal, run):
    program = terminal.run(TRAIN + FOREVER, run)
    process = screen_process(terminal)
    terminal.wait(shown)
    assert not terminal.scrolls_whole

    program.send_signal(signal.SIGKILL)
    program.wait(PATIENCE)

    lines = terminal.wait(lambda lines: terminal.scrolls_whole)
    assert not any(line.startswith(("──", " qwen")) for line in lines)
    process.wait(PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_gives_the_terminal_back_on_a_signal(terminal, run, number):
    terminal.run(TRAIN + "live._process.wait(); print('ended', live._process.returncode, flush=True)\n" + FOREVER, run)
    process = screen_process(terminal)
    terminal.wait(shown)

    process.send_signal(number)

    terminal.wait(lambda lines: "ended 0" in lines)
    assert terminal.scrolls_whole


def test_ctrl_c_ends_both_and_leaves_the_traceback(terminal, run):
    program = terminal.run(TRAIN + FOREVER, run)
    process = screen_process(terminal)
    terminal.wait(shown)

    terminal.press(b"\x03")

    terminal.wait(lambda lines: "KeyboardInterrupt" in lines and terminal.scrolls_whole)
    assert program.wait(PATIENCE) == -signal.SIGINT
    process.wait(PATIENCE)


def test_follows_the_size_of_the_terminal(terminal, run):
    terminal.run(TRAIN + FOREVER, run)
    terminal.wait(shown)

    terminal.resize(70, 40)

    lines = terminal.wait(lambda lines: len(lines) == 40 and shown(lines))
    assert sum(line.startswith("──") for line in lines) == 1


def test_ctrl_z_gives_the_terminal_back_until_it_goes_on(terminal, run):
    terminal.run(TRAIN + FOREVER, run)
    process = screen_process(terminal)
    terminal.wait(shown)

    process.send_signal(signal.SIGTSTP)
    terminal.wait(lambda lines: terminal.scrolls_whole and process.status() == psutil.STATUS_STOPPED)

    process.resume()
    terminal.wait(shown)
    assert not terminal.scrolls_whole


def test_a_screen_that_hangs_is_killed_and_the_terminal_reset(terminal, run):
    program = terminal.run(TRAIN + LINES + "live.stop(); print('done', flush=True); input()", run)
    process = screen_process(terminal)
    terminal.wait(shown)
    process.suspend()

    terminal.press(b"\n\n")

    terminal.wait(lambda lines: "done" in lines)
    assert terminal.scrolls_whole
    terminal.press(b"\n")
    assert program.wait(PATIENCE) == 0


def test_waits_for_a_record_and_is_not_misled_by_modules_of_the_user(terminal, tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    for name in ("rich", "numpy", "json", "gradprobe_checks"):
        (home / f"{name}.py").write_text("raise SystemExit('the wrong module')\n")
    run = tmp_path / "run"
    run.mkdir()
    terminal.run(
        f"import gradprobe.live.child, os; os.chdir({str(home)!r})\n" + TRAIN + FOREVER,
        run,
    )
    screen_process(terminal)
    assert terminal.scrolls_whole

    write_run(run)

    terminal.wait(shown)


def test_says_why_it_cannot_be_shown_and_training_goes_on(terminal, run):
    code = TRAIN.replace('"default"', '"no-such-policy"') + "live._process.wait(); print('training on', flush=True)"
    program = terminal.run(code, run)

    lines = terminal.wait(lambda lines: "training on" in lines)

    assert "gradprobe: the live table ended (PolicyError" in " ".join(lines)
    assert program.wait(PATIENCE) == 0


def test_a_forked_child_does_not_stop_the_screen(terminal, run):
    code = (
        TRAIN
        + """
import os
child = os.fork()
if child == 0:
    live.stop()
    os._exit(0)
os.waitpid(child, 0)
print("alive", live._process.poll(), flush=True)
live.stop()
"""
    )
    program = terminal.run(code, run)

    terminal.wait(lambda lines: "alive None" in lines)
    assert program.wait(PATIENCE) == 0


@pytest.mark.parametrize(
    ("module", "absent"),
    [
        ("gradprobe.live.child", {"torch", "rich", "numpy", "pydantic", "argparse"}),
        ("gradprobe.live.plain", {"torch", "rich", "numpy", "pydantic"}),
        ("gradprobe.live.loop", {"torch", "gradprobe_reports", "gradprobe_checks"}),
        ("gradprobe.live.latest", {"torch", "gradprobe_reports", "gradprobe.recorder"}),
    ],
)
def test_loads_no_more_than_it_needs(module, absent):
    code = f"import sys, {module}; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not absent & set(loaded)


def test_costs_at_most_a_twentieth_of_a_core(terminal, run):
    terminal.run(TRAIN + FOREVER, run)
    process = screen_process(terminal)
    terminal.wait(shown)
    before = process.cpu_times()
    seconds = 2.5
    with pytest.raises(psutil.TimeoutExpired):
        process.wait(seconds)
    after = process.cpu_times()

    # One refresh more than its share may fall into the window; a refresh of so small a record takes about 20 ms.
    spent = after.user + after.system - before.user - before.system
    assert spent <= 0.05 * seconds + 0.1

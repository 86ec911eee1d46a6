"""The live screen is started where somebody looks at standard error, and not where it is not wanted."""

import pytest

from tests.gradprobe.live.terminal import Terminal

# The screen is a child of the process that trains.
SCRIPT = """
import psutil
children = psutil.Process().children()
print(sum("gradprobe.live" in child.cmdline() for child in children), flush=True)
"""
CODE = """
import subprocess, sys
command = [sys.executable, "-m", "gradprobe", "run", *sys.argv[2:], "train.py"]
errors = None if sys.argv[1] == "terminal" else subprocess.DEVNULL
ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=errors)
open("screens", "w").write(ran.stdout.decode())
"""


@pytest.mark.parametrize(
    ("errors", "options", "screens"),
    [
        ("terminal", [], 1),
        ("terminal", ["--no-live"], 0),
        ("terminal", ["--quiet", "--live"], 0),
        ("elsewhere", ["--live"], 0),
    ],
)
def test_live_screen_only_at_a_terminal(tmp_path, monkeypatch, errors, options, screens):
    (tmp_path / "train.py").write_text(SCRIPT)
    monkeypatch.chdir(tmp_path)
    terminal = Terminal()
    try:
        program = terminal.run(CODE, errors, *options)
        terminal.wait(lambda _: program.poll() is not None)
        lines = terminal.lines()
    finally:
        terminal.close()
    assert (tmp_path / "screens").read_text() == f"{screens}\n"
    assert not any(line.startswith("──") for line in lines), "the strip is gone when the script is"
    assert terminal.scrolls_whole

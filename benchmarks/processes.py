"""Whole processes: `gradprobe run script.py` beside `python script.py`, and `gradprobe report`."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.steps import Samples

ROOT: Final = Path(__file__).resolve().parents[1]
GRADPROBE: Final = (sys.executable, "-m", "gradprobe")
FIRST_LINE: Final = "import time; now = time.monotonic()\nimport sys; open(sys.argv[1], 'w').write(repr(now))\n"
AFTER_TORCH: Final = "import torch\n" + FIRST_LINE


@dataclass(frozen=True, slots=True)
class Launcher:
    """A way to start a script: `command(output)` gives what stands before the script's path."""

    name: str
    command: Callable[[Path], tuple[str, ...]]


BARE: Final = Launcher("`python train.py`", lambda _: (sys.executable,))
LIVE: Final = Launcher("`gradprobe run train.py`", lambda run: (*GRADPROBE, "run", "--output", str(run)))
QUIET: Final = Launcher(
    "`gradprobe run --quiet train.py`", lambda run: (*GRADPROBE, "run", "--quiet", "--output", str(run))
)


def environment() -> dict[str, str]:
    """Return the environment of what is measured: this checkout's gradprobe and benchmarks."""
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))}


def on_a_terminal(command: Sequence[str]) -> None:
    """Run a command with its stderr on a terminal, where gradprobe draws its live table."""
    reader, terminal = pty.openpty()
    drain = threading.Thread(target=_drain, args=(reader,), daemon=True)
    drain.start()
    around = environment() | {"TERM": "xterm-256color"}
    try:
        subprocess.run(command, stdout=subprocess.DEVNULL, stderr=terminal, env=around, check=False)
    finally:
        os.close(terminal)
        drain.join()
        os.close(reader)


def _drain(reader: int) -> None:
    try:
        while os.read(reader, 65536):
            pass
    except OSError:  # The other end is closed: Linux says EIO rather than end of file.
        pass


def whole_runs(*, batch: int, threads: int, device: str, steps: int, rounds: int) -> dict[str, Samples]:
    """Return the seconds of every step by launcher, processes started in turn, the order reversed each round."""
    launchers = [BARE, LIVE, QUIET]
    samples = {launcher.name: Samples() for launcher in launchers}
    options = ["--batch", str(batch), "--threads", str(threads), "--device", device, "--steps", str(steps)]
    for _ in range(rounds):
        for launcher in launchers:
            with tempfile.TemporaryDirectory() as folder:
                out = Path(folder) / "seconds.json"
                script = [str(ROOT / "benchmarks" / "train.py"), "--out", str(out), *options]
                on_a_terminal([*launcher.command(Path(folder) / "run"), *script])
                samples[launcher.name].blocks.append(json.loads(_expect(out)))
        launchers.reverse()
    return samples


def start_up(script: str, rounds: int) -> dict[str, list[float]]:
    """Return by launcher the seconds from the start of the process to where the script looks at the clock."""
    launchers = [BARE, LIVE]
    seconds: dict[str, list[float]] = {launcher.name: [] for launcher in launchers}
    for _ in range(rounds):
        for launcher in launchers:
            with tempfile.TemporaryDirectory() as folder:
                path, out = Path(folder) / "first_line.py", Path(folder) / "now"
                path.write_text(script)
                begin = time.monotonic()  # One clock for all processes of the machine.
                on_a_terminal([*launcher.command(Path(folder) / "run"), str(path), str(out)])
                seconds[launcher.name].append(float(_expect(out)) - begin)
        launchers.reverse()
    return seconds


def report_seconds(run: Path, rounds: int) -> list[float]:
    """Return the seconds that `gradprobe report` takes for a run, as a whole process.

    Raises:
        RuntimeError: If it could not judge the run.
    """
    seconds = []
    for _ in range(rounds):
        begin = time.perf_counter()
        result = subprocess.run([*GRADPROBE, "report", str(run)], capture_output=True, text=True, check=False)
        seconds.append(time.perf_counter() - begin)
        if result.returncode not in (0, 1):
            raise RuntimeError(f"gradprobe report ended with {result.returncode}: {result.stderr.strip()[-300:]}")
    return seconds


def _expect(out: Path) -> str:
    if not out.exists():
        raise RuntimeError("the script did not reach the line that writes its measurement")
    return out.read_text()

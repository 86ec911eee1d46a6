"""Starts and stops the live screen, a process of its own: training waits for none of its drawing."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from gradprobe.live.region import RESET, usable

_PATIENCE: Final = 2.0
# The screen computes little, and must not take the cores that training computes on.
_ONE_THREAD: Final = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")


class LiveScreen:
    """A live screen that is being shown, until it is stopped."""

    def __init__(self, process: subprocess.Popen[bytes] | None) -> None:
        """Take the screen's process; None where it could not be started."""
        self._process = process
        self._owner = os.getpid()

    def stop(self) -> None:
        """Take the screen off the terminal and wait until it is gone; a second call does nothing.

        It has two seconds to tidy up before it is killed and the terminal is reset for it. In a forked child of the
        training process this does nothing: the screen is not the child's.
        """
        process = self._process
        if process is None or os.getpid() != self._owner:
            return
        self._process = None
        process.terminate()
        try:
            process.wait(_PATIENCE)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            with contextlib.suppress(OSError):
                os.write(2, RESET.encode())


def start_live(run_dir: Path, policy_name: str) -> LiveScreen:
    """Start the live screen of a run on this process's standard error.

    Where that is no terminal that can show it, or the screen cannot be started, training goes on without.

    Args:
        run_dir: Directory of the run, which need not hold a record yet.
        policy_name: Name or file of the policy to judge by.
    """
    if not usable(2):
        return LiveScreen(None)
    package_root = Path(__file__).resolve().parents[2]
    policy = str(Path(policy_name).resolve()) if Path(policy_name).is_file() else policy_name
    options = ["--parent", str(os.getpid()), "--directory", str(Path.cwd()), "--policy", policy]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "gradprobe.live", str(Path(run_dir).resolve()), *options],
            # `-m` looks in the working directory first: it must not find the user's `json.py` or `rich.py` there.
            cwd=package_root,
            env=_environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )
    except OSError:
        return LiveScreen(None)
    return LiveScreen(process)


def _environment() -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GRADPROBE")}
    return {**inherited, **_ONE_THREAD, "PYTHONWARNINGS": "ignore"}

"""Programs run twice, by `python` and by `gradprobe run`, so that the two can be compared."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass

PATIENCE = 120
NEVER_TRAINS = "gradprobe: expected a script that trains, "


@dataclass(frozen=True)
class Twice:
    """What one program did: alone, and under `gradprobe run`."""

    alone: subprocess.CompletedProcess[bytes]
    probed: subprocess.CompletedProcess[bytes]

    def assert_same(self) -> None:
        """Hold standard output, standard error and the exit code to what they are without gradprobe."""
        assert self.probed.stdout == self.alone.stdout
        self.assert_same_errors_and_code()

    def assert_same_errors_and_code(self) -> None:
        """Hold standard error and the exit code to what they are without gradprobe.

        These programs do not train, so where one ends with 0, gradprobe adds one line and makes it 2.
        """
        errors = self.probed.stderr.decode()
        if self.alone.returncode == 0:
            lines = errors.splitlines(keepends=True)
            assert lines and lines[-1].startswith(NEVER_TRAINS), errors
            errors = "".join(lines[:-1])
        assert errors == self.alone.stderr.decode()
        assert self.probed.returncode == (self.alone.returncode or 2)


def run(*words, cwd, options=(), python=(), stdin=b"", **settings):
    """Run `gradprobe run OPTIONS WORDS` and return how it went."""
    command = [sys.executable, *python, "-m", "gradprobe", "run", *options, *map(str, words)]
    return _completed(command, cwd, stdin, settings)


def run_twice(*words, cwd, options=("--quiet",), python=(), stdin=b""):
    """Run `python WORDS`, and the same under `gradprobe run OPTIONS`."""
    alone = _completed([sys.executable, *python, *map(str, words)], cwd, stdin, {})
    return Twice(alone, run(*words, cwd=cwd, options=options, python=python, stdin=stdin))


def _completed(command, cwd, stdin, settings):
    environment = {**os.environ, "COLUMNS": "80"}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        command, cwd=cwd, input=stdin, capture_output=True, timeout=PATIENCE, env=environment, check=False, **settings
    )

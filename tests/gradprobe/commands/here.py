"""The command line in this process: torch is imported once for many runs, and bad input costs no interpreter."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import dataclass

import pytest

from gradprobe.__main__ import main
from gradprobe.record.directory import find_record
from gradprobe.record.reader import read_record


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    out: str
    err: str


class Here:
    """Runs `gradprobe` with the test's directory as working directory."""

    def __init__(self, place, monkeypatch, capsys):
        self.place = place
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def __call__(self, *words):
        before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
        with self._monkeypatch.context() as patch:
            patch.setattr(sys, "argv", ["gradprobe", *map(str, words)])
            patch.setattr(sys, "path", ["where gradprobe was started", *sys.path])
            # Not pytest's own hook, which would take what ends a thread for a failure of the test.
            patch.setattr(threading, "excepthook", threading.__excepthook__)
            patch.setitem(sys.modules, "__main__", sys.modules["__main__"])
            for name in ("last_type", "last_value", "last_traceback"):
                patch.setattr(sys, name, None, raising=False)
            with pytest.raises(SystemExit) as ended:
                main()
        for number, handler in before.items():
            assert signal.getsignal(number) is handler
        captured = self._capsys.readouterr()
        return Ran(0 if ended.value.code is None else ended.value.code, captured.out, captured.err)

    def script(self, text, name="train.py"):
        """Write a script."""
        (self.place / name).write_text(text)
        return name

    def record(self):
        """Read the newest record."""
        return read_record(find_record(None))

    def everything(self):
        """Return every path below the working directory."""
        return sorted(path.relative_to(self.place).as_posix() for path in self.place.rglob("*"))


def assert_one_line(ran):
    """Hold a command to one line on standard error, no output, and exit code 2."""
    lines = ran.err.splitlines()
    assert len(lines) == 1, ran.err
    assert lines[0].startswith("gradprobe: ")
    assert (ran.code, ran.out) == (2, "")
    return lines[0]

"""A test that is watched as a whole, but for what it has watched itself."""

from __future__ import annotations

import contextlib
import shutil
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from gradprobe import _active
from gradprobe.testing.block import FAILURES, prepared
from gradprobe.testing.outcome import Outcome, judged

if TYPE_CHECKING:
    from gradprobe.testing.options import Options
    from gradprobe.watching import Watch


class Background:
    """Records stretches of a test: up to what the test has watched itself, and from there on.

    Nothing is recorded, and no file is made, before torch is imported.

    Attributes:
        outcomes: What came of the stretches that trained.
        fault: Why a stretch could not be judged; empty where all could.
        has_joined: Whether somebody else records all of it.
        has_stepped_aside: Whether the test recorded something itself.
    """

    def __init__(self, begin: Callable[[], Watch], options: Options, *, any_training: bool) -> None:
        """Prepare to watch.

        Args:
            begin: Gives what records, not yet entered.
            options: How to judge.
            any_training: Whether a stretch is judged that took no step, but called `backward()` for instance.
        """
        self.outcomes: list[Outcome] = []
        self.fault = ""
        self.has_joined = False
        self.has_stepped_aside = False
        self._begin = begin
        self._options = options
        self._any_training = any_training
        self._watch: Watch | None = None
        self._disarm: Callable[[], None] = _nothing

    def resume(self) -> None:
        """Record from here on."""
        from gradprobe.imports import after_import

        if "torch" in sys.modules:
            prepared(self._options)
        _active.background = self
        self._disarm = after_import("torch", self._start)

    def pause(self) -> None:
        """End this stretch."""
        self.has_stepped_aside = True
        self.end(None)

    def end(self, error: BaseException | None) -> bool:
        """End this stretch and judge it; return whether the exception is the one by which `max_batches` ends a test.

        Args:
            error: What ended the test, if an exception did.
        """
        _active.background = None
        self._disarm()
        watch, self._watch = self._watch, None
        if watch is None:
            return False
        stopped = watch.__exit__(type(error) if error is not None else None, error, None)
        try:
            self._judge(watch, None if stopped else error)
        except Exception as fault:  # Of gradprobe or of somebody's check: a test that did not ask for it goes on.
            self.fault = self.fault or f"{type(fault).__name__}: {fault}"
        return stopped

    def _start(self) -> None:
        if _active.recorder is not None:  # `gradprobe run -m pytest`: it is recorded already.
            self.has_joined = True
            return
        _active.background = None  # For this one recording nobody has to step aside.
        watch = self._begin()
        try:
            watch.__enter__()
        except Exception as fault:
            self.fault = self.fault or f"{type(fault).__name__}: {fault}"
        else:
            self._watch = watch
        _active.background = self

    def _judge(self, watch: Watch, error: BaseException | None) -> None:
        """Judge a stretch that trained, or in which something failed; not one that was skipped or interrupted."""
        assert watch.path is not None
        has_failed = isinstance(error, FAILURES)
        has_trained = watch.steps > 0 or (self._any_training and watch.has_trained)
        outcome = None
        if has_failed or (has_trained and error is None):
            outcome = judged(watch.path, self._options)
            self.fault = self.fault or outcome.recorder_fault
        if outcome is not None and (has_trained or outcome.is_loud):
            self.outcomes.append(outcome)
        if outcome is None or not outcome.is_loud:
            with contextlib.suppress(OSError):
                shutil.rmtree(watch.path)


def _nothing() -> None:
    pass

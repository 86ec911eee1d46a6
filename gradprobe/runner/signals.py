"""Signals by which a process is asked to end: the record is finished first."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gradprobe.recording import Recording

_PASSED_ON: Final = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name))


def nothing() -> None:
    """Let go of nothing."""


def drop_inherited() -> None:
    """In a forked child, let signals end it as they would without gradprobe: the handlers are its parent's."""
    for number in _PASSED_ON:
        if getattr(signal.getsignal(number), "__module__", None) == __name__:
            signal.signal(number, signal.SIG_DFL)


def pass_on_signals(recording: Recording, finish: Callable[[int], object]) -> Callable[[], None]:
    """On SIGTERM or SIGHUP, finish the record and report, then die of the signal as the script would have.

    A handler that the script installs replaces this one, and a signal that is ignored stays ignored.

    Returns:
        A function that lets the signals through again.
    """

    def handle(number: int, frame: FrameType | None) -> None:
        if signal.getsignal(number) is not handle:
            return  # The script has a handler of its own, which calls the one that it found.

        def end() -> None:
            try:
                finish(number)
            finally:
                signal.signal(number, signal.SIG_DFL)
                os.kill(os.getpid(), number)

        if recording.recorder is not None:
            recording.recorder.guard.when_idle(end)
        else:
            end()

    def let_go() -> None:
        for number in _PASSED_ON:
            if signal.getsignal(number) is handle:
                signal.signal(number, signal.SIG_DFL)

    for number in _PASSED_ON:
        if signal.getsignal(number) is signal.SIG_DFL:
            signal.signal(number, handle)
    return let_go

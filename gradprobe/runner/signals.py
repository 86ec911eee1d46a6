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
_INSTALLED: Final[list[object]] = []
"""Handlers of ours: a forked child inherits its parent's, which is none for the child's own record."""


def pass_on_signals(recording: Recording, finish: Callable[[int], object]) -> Callable[[], None]:
    """On SIGTERM or SIGHUP, finish the record and report, then die of the signal as the script would have.

    A handler that the script installs replaces this one, and a signal that is ignored stays ignored.

    Returns:
        A function that lets the signals through again.
    """

    def handle(number: int, frame: FrameType | None) -> None:
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
        _INSTALLED.remove(handle)

    for number in _PASSED_ON:
        before = signal.getsignal(number)
        if before is signal.SIG_DFL or before in _INSTALLED:
            signal.signal(number, handle)
    _INSTALLED.append(handle)
    return let_go

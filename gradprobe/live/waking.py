"""Signals that end, pause or wake the live screen."""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections.abc import Callable
from types import FrameType
from typing import Final

_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


class Stopped(BaseException):
    """A signal asked the screen to end; no `except Exception` on the way holds it up."""


class Waking:
    """Turns signals into an exception, a pause, or the end of a sleep."""

    def __init__(self, before_pause: Callable[[], None]) -> None:
        """Install the handlers.

        Args:
            before_pause: Called before the process is stopped by Ctrl-Z, to leave the terminal in order.
        """
        self._before_pause = before_pause
        self._reading, self._writing = os.pipe()
        os.set_blocking(self._reading, False)
        os.set_blocking(self._writing, False)
        signal.set_wakeup_fd(self._writing, warn_on_full_buffer=False)
        for number in _ENDING:
            signal.signal(number, _end)
        signal.signal(signal.SIGTSTP, self._pause)
        for number in (signal.SIGWINCH, signal.SIGCONT):
            signal.signal(number, _wake)

    def sleep(self, seconds: float) -> None:
        """Sleep so long, or until a signal comes."""
        readable, _, _ = select.select([self._reading], [], [], max(seconds, 0.0))
        if readable:
            with contextlib.suppress(BlockingIOError):
                os.read(self._reading, 4096)

    def _pause(self, _number: int, _frame: FrameType | None) -> None:
        self._before_pause()
        os.kill(os.getpid(), signal.SIGSTOP)


def _end(_number: int, _frame: FrameType | None) -> None:
    # Tidying up is not to be interrupted by a second Ctrl-C.
    for number in _ENDING:
        signal.signal(number, signal.SIG_IGN)
    raise Stopped


def _wake(_number: int, _frame: FrameType | None) -> None:
    """Do nothing: that the signal came ends the sleep."""

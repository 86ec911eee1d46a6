"""What stands between the recorder and the training: one lock, and a net for the recorder's own faults."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import torch

P = ParamSpec("P")
R = TypeVar("R")


class Guard:
    """Runs observers one at a time, and hands their faults to somebody instead of the training.

    Attributes:
        active: Whether observers run at all.
        lock: Held while one does.
    """

    def __init__(self, on_fault: Callable[[Exception], None]) -> None:
        self.active = False
        self.lock = threading.RLock()
        self._on_fault = on_fault
        self._depth = 0
        self._thread = 0
        self._deferred: Callable[[], None] | None = None

    def guarded(self, observe: Callable[P, R]) -> Callable[P, R | None]:
        """Return the observer behind the guard; it returns None where it does not run, or fails."""

        def observer(*args: P.args, **kwargs: P.kwargs) -> R | None:
            if not self.active or _is_capturing():
                return None
            with self.lock:
                self._depth, self._thread = self._depth + 1, threading.get_ident()
                try:
                    return observe(*args, **kwargs)
                except Exception as error:
                    self._on_fault(error)
                    return None
                finally:
                    self._depth -= 1
                    if self._deferred is not None and self._depth == 0:
                        action, self._deferred = self._deferred, None
                        action()

        return observer

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do something now or, where an observer is at work in this very thread, when it has ended (for signal handlers)."""
        if self.active and self._depth and self._thread == threading.get_ident():
            self._deferred = action
        else:
            action()

    def renew(self) -> None:
        """Forget whoever held the lock, in a forked child that has only one thread."""
        self.active, self.lock, self._depth = False, threading.RLock(), 0


def _is_capturing() -> bool:
    """Return whether a CUDA graph is being captured, into which nothing of ours may get."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()

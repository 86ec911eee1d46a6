"""What stands between the recorder and the training: one lock, and a net for the recorder's own faults."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch
from torch.utils._python_dispatch import _pop_mode, _push_mode

from gradprobe.recorder.frames import plain, set_eval_frame

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
        self._seconds = 0.0
        self._began = 0.0
        self._deferred: Callable[[], None] | None = None

    def guarded(self, observe: Callable[P, R]) -> Callable[P, R | None]:
        """Return the observer behind the guard; it returns None where it does not run, or fails."""

        def observer(*args: P.args, **kwargs: P.kwargs) -> R | None:
            if not self.active or _is_capturing():
                return None
            compiling = set_eval_frame(None)
            with self.lock:
                now = time.perf_counter()
                # From the change of the depth to `try` nothing is called: Ctrl-C could come there, and it would stay.
                self._began = self._began if self._depth else now
                self._depth, self._thread = self._depth + 1, threading.get_ident()
                try:
                    # What an observer computes is not shown to modes, ours or the script's.
                    with torch._C.DisableTorchFunction(), Unseen():
                        return observe(*args, **kwargs)
                except Exception as error:
                    self._on_fault(error)
                    return None
                finally:
                    self._depth -= 1
                    if not self._depth:
                        self._seconds += time.perf_counter() - self._began
                    set_eval_frame(compiling)
                    if self._deferred is not None and self._depth == 0:
                        action, self._deferred = self._deferred, None
                        action()

        return plain(observer)

    @property
    def spent(self) -> float:
        """Seconds that observers have taken so far, the one that runs now among them."""
        return self._seconds + (time.perf_counter() - self._began if self._depth else 0.0)

    def when_idle(self, action: Callable[[], None]) -> None:
        """Do something now or, where an observer is at work in this very thread, when it has ended (for signal handlers)."""
        if self.active and self._depth and self._thread == threading.get_ident():
            self._deferred = action
        else:
            action()

    def renew(self) -> None:
        """Forget whoever held the lock, in a forked child that has only one thread."""
        self.active, self.lock, self._depth = False, threading.RLock(), 0


class Unseen:
    """Takes the script's dispatch modes off for a while.

    One that counts operations would count ours; and selective activation checkpointing hands out what it has seen in the forward
    in the order in which it saw it: with ours among them, it would hand out the wrong ones.
    """

    __slots__ = ("_modes",)

    def __enter__(self) -> None:
        self._modes: list[Any] = [_pop_mode() for _ in range(torch._C._len_torch_dispatch_stack())]

    def __exit__(self, *_: object) -> None:
        for mode in reversed(self._modes):
            _push_mode(mode)


def _is_capturing() -> bool:
    """Return whether a CUDA graph is being captured, into which nothing of ours may get."""
    return torch.cuda.is_initialized() and torch.cuda.is_current_stream_capturing()

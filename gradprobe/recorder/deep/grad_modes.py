"""Where gradients were turned off: the `with`, the decorator or the call that is in force.

`no_grad`, `inference_mode` and `set_grad_enabled` are Python, so their entry is seen in every step at the price of a few
microseconds; what they were entered for is known when an operation runs below them.
"""

from __future__ import annotations

import functools
import linecache
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType, FrameType
from typing import Any, Final

import torch
from torch.autograd import grad_mode

from gradprobe.recorder.deep.node import Place
from gradprobe.recorder.frames import plain, uncompiled
from gradprobe.recorder.patches import Patches
from gradprobe.recorder.sites import Sites


@dataclass(slots=True)
class Entry:
    """A grad mode that was entered.

    Attributes:
        kind: `no_grad`, `inference_mode`, `set_grad_enabled` or `enable_grad`.
        enables: Whether gradients flow in it.
        place: The user's line: the `with`, the call, or the decorator.
        owner: Identity of the context manager; 0 for a call that nothing ends.
        library: File of the library that entered it for itself; empty where the user's own line did.
        is_call: Whether it was a call that stays in force until the next one.
        step: The training step it was entered in.
    """

    kind: str
    enables: bool
    place: Place
    owner: int
    library: str
    is_call: bool
    step: int = 0


class GradModes:
    """The grad modes in force in the training thread, outermost first."""

    def __init__(self, sites: Sites) -> None:
        self._sites = sites
        self._entries: list[Entry] = []
        self.step = 0
        self.on_enter: Callable[[], None] | None = None

    def in_force(self) -> Entry | None:
        """Return what turned gradients off; None where gradients flow, or where that was not seen."""
        for entry in reversed(self._entries):
            if entry.enables:
                return None
            return entry
        return None

    def entries(self) -> tuple[Entry, ...]:
        """Return what is in force, outermost first."""
        return tuple(self._entries)

    def enter(self, owner: Any, kind: str, enables: bool, frame: FrameType | None) -> None:
        """Note that a context was entered."""
        if self.on_enter is not None:
            self.on_enter()
        place, library = self._place(frame)
        self._entries.append(Entry(kind, enables, place, id(owner), library, is_call=False, step=self.step))
        if len(self._entries) > 256:  # Entered and never left, over and over.
            del self._entries[:128]

    def leave(self, owner: Any) -> None:
        """Note that a context was left: it, and what was entered in it and not left."""
        for index in range(len(self._entries) - 1, -1, -1):
            if self._entries[index].owner == id(owner):
                del self._entries[index:]
                return

    def called(self, owner: Any, enables: bool, frame: FrameType | None) -> None:
        """Note a call of `set_grad_enabled`, which may turn out to be the beginning of a `with`."""
        while self._entries and self._entries[-1].is_call:
            self._entries.pop()
        place, library = self._place(frame)
        self._entries.append(
            Entry("set_grad_enabled", enables, place, id(owner), library, is_call=True, step=self.step)
        )

    def became_context(self, owner: Any) -> None:
        """Note that a call of `set_grad_enabled` was the beginning of a `with`."""
        for entry in reversed(self._entries):
            if entry.owner == id(owner):
                entry.is_call = False
                return

    def _place(self, frame: FrameType | None) -> tuple[Place, str]:
        """Return the line that entered, and the library that did so for itself.

        The line is that of a decorated function's decorator, or that of the nearest frame of the user's.
        """
        library = ""
        while frame is not None:
            code = frame.f_code
            if self._sites.is_user_file(code.co_filename):
                return (code, frame.f_lineno or 0), library
            if code.co_filename == _CONTEXTS and "func" in code.co_freevars:
                inner = getattr(frame.f_locals["func"], "__code__", None)
                if inner is not None and self._sites.is_user_file(inner.co_filename):
                    return (inner, _decorator_line(inner)), library
                if inner is not None and not library:
                    library = inner.co_filename
            elif not library and code.co_filename not in (_GRAD_MODES, _CONTEXTS, __file__):
                library = code.co_filename
            frame = frame.f_back
        return None, library


def _decorator_line(code: CodeType) -> int:
    """Return the line of the decorator that turns gradients off, among those above a function."""
    for line in range(code.co_firstlineno, code.co_firstlineno + 12):
        text = linecache.getline(code.co_filename, line)
        if any(word in text for word in ("no_grad", "inference_mode", "set_grad_enabled")):
            return line
        if text.lstrip().startswith(("def ", "async def ")):
            break
    return code.co_firstlineno


_CONTEXTS: Final = str(sys.modules["torch.utils._contextlib"].__file__)
_GRAD_MODES: Final = str(grad_mode.__file__)


def install_grad_modes(modes: GradModes, patches: Patches) -> None:
    """Observe the entering and leaving of grad modes, in the thread that installs it."""
    training = threading.get_ident()
    # TorchScript reads the source of these methods, which must be theirs: `functools.wraps` leads it there.
    entered, left = uncompiled(modes.enter), uncompiled(modes.leave)
    called, became_context = uncompiled(modes.called), uncompiled(modes.became_context)

    def is_seen() -> bool:
        return not torch.compiler.is_compiling() and threading.get_ident() == training

    plain(is_seen)

    def observe_leaving(kind: type[Any]) -> None:
        leave = kind.__exit__

        @functools.wraps(leave)
        def __exit__(self: Any, *details: Any) -> Any:
            if is_seen():
                left(self)
            return leave(self, *details)

        patches.replace(kind, "__exit__", plain(__exit__))

    def observe(kind: type[Any], enables: bool) -> None:
        name, enter = kind.__name__, kind.__enter__

        @functools.wraps(enter)
        def __enter__(self: Any) -> Any:
            result = enter(self)
            if is_seen():
                on = not self.mode if name == "inference_mode" else enables
                entered(self, name, on, sys._getframe(1))
            return result

        patches.replace(kind, "__enter__", plain(__enter__))
        observe_leaving(kind)

    observe(grad_mode.no_grad, enables=False)
    observe(grad_mode.enable_grad, enables=True)
    observe(grad_mode.inference_mode, enables=False)

    switch: Any = grad_mode.set_grad_enabled
    begin, enter, decorate = switch.__init__, switch.__enter__, switch.__call__

    @functools.wraps(begin)
    def __init__(self: Any, mode: bool) -> None:
        begin(self, mode)
        if is_seen():
            called(self, bool(mode), sys._getframe(1))

    @functools.wraps(enter)
    def __enter__(self: Any) -> Any:
        result = enter(self)
        if is_seen():
            became_context(self)
        return result

    @functools.wraps(decorate)
    def __call__(self: Any, function: Any) -> Any:
        if is_seen():
            left(self)
        return decorate(self, function)

    patches.replace(switch, "__init__", plain(__init__))
    patches.replace(switch, "__enter__", plain(__enter__))
    patches.replace(switch, "__call__", plain(__call__))
    observe_leaving(switch)

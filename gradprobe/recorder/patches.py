"""Standing around functions that the script calls, and stepping away again."""

from __future__ import annotations

import sys
from collections.abc import Callable, Container
from types import CodeType, FrameType
from typing import Any, TypeAlias

from gradprobe.recorder.frames import plain
from gradprobe.recorder.importlib_bootstrap import around

Arguments: TypeAlias = "tuple[Any, ...]"
Keywords: TypeAlias = "dict[str, Any]"


def nothing(*_: object) -> None:
    """Do nothing: the default observer."""


class Patches:
    """Replaces attributes of modules and classes, and remembers what to put back."""

    def __init__(self) -> None:
        self._undo: list[Callable[[], None]] = []
        self._later: list[Callable[[], None]] = []
        self._hooks: set[CodeType] = set()

    def wrap(
        self,
        owner: Any,
        name: str,
        *,
        before: Callable[[Arguments, Keywords], Any] = nothing,
        after: Callable[[Any, Any], None] = nothing,
        failed: Callable[[Any, BaseException], None] = nothing,
    ) -> None:
        """Call observers around the function `owner.name`; an attribute that is not there is left alone.

        Args:
            owner: A module or a class.
            name: The function's name in it.
            before: Receives the arguments; what it returns is handed to the other two.
            after: Receives that and the result.
            failed: Receives that and the exception, which goes on its way.
        """
        original = vars(owner).get(name)
        if original is None:
            return

        wrapper = around(original, before, after, failed)
        self.replace(owner, name, wrapper)

    def replace(self, owner: Any, name: str, value: Any) -> None:
        """Set an attribute; `undo` puts the old one back unless somebody else has replaced it since."""
        original = vars(owner)[name]
        setattr(owner, name, value)

        def put_back() -> None:
            if vars(owner).get(name) is value:
                setattr(owner, name, original)

        self._undo.append(put_back)

    def on_undo(self, action: Callable[[], None]) -> None:
        """Have something done when the patches are undone, the handle of a hook removed for instance."""
        self._undo.append(action)

    def hook(self, register: Callable[[Callable[..., Any]], Any], function: Callable[..., Any]) -> None:
        """Register a function as one of torch's global hooks.

        Args:
            register: Registers it, and returns a handle.
            function: A function in Python of its own: no other one has the same code.
        """
        handle = register(plain(function))
        self._hooks.add(function.__code__)

        def remove() -> None:
            # A fault in a hook undoes the patches while torch goes through its hooks, which must not become fewer then.
            if _is_running(self._hooks):
                self._later.append(handle.remove)
            else:
                handle.remove()

        self.on_undo(remove)

    def undo(self) -> None:
        """Put everything back, newest first; a hook that is running is taken out when this is called again."""
        later, self._later = self._later, []
        for action in later:
            action()
        while self._undo:
            self._undo.pop()()


def _is_running(codes: Container[CodeType]) -> bool:
    """Return whether one of these functions is being called in this thread."""
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if frame.f_code in codes:
            return True
        frame = frame.f_back
    return False

"""Being told in a forked child.

`os.register_at_fork` cannot be undone, and a process may record a thousand times (a test suite does): so it is asked once, and
recordings come and go.
"""

from __future__ import annotations

import os
import weakref
from collections.abc import Callable
from typing import Any, Final

_WAITING: Final[list[weakref.WeakMethod[Callable[[], None]]]] = []
_REGISTERED: Final[list[bool]] = []


def in_forked_child(method: Callable[[], None]) -> None:
    """Call a method in every child that this process forks, as long as its object is alive.

    Args:
        method: A bound method; its object is not kept alive.
    """
    if not _REGISTERED:
        _REGISTERED.append(True)
        os.register_at_fork(after_in_child=_forked)
    _WAITING.append(weakref.WeakMethod(method, _forget))


def _forget(reference: Any) -> None:
    _WAITING.remove(reference)


def _forked() -> None:
    for reference in _WAITING.copy():
        method = reference()
        if method is not None:
            method()

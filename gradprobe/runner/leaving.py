"""A program that leaves its process without the interpreter's end: by `os._exit`, or by becoming another one (`os.exec…`)."""

from __future__ import annotations

import contextlib
import functools
import os
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

_PATIENCE: Final = 2.0
"""Seconds that the end of the record may take: who leaves at once may do so because everything else hangs."""


@contextlib.contextmanager
def watched_exits(left: Callable[[int | None], None]) -> Iterator[None]:
    """Say so before the process is left at once.

    Args:
        left: Called with the exit code; with None where the process becomes another program.
    """
    owner = os.getpid()
    kept = {name: getattr(os, name) for name in ("_exit", "execv", "execve") if hasattr(os, name)}

    def around(name: str, original: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(original)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            given = args[0] if args else kwargs.get("status" if name == "_exit" else "path")
            if os.getpid() == owner and (name == "_exit" or _is_program(given)):
                code = given & 0xFF if name == "_exit" and isinstance(given, int) else None
                with contextlib.suppress(
                    Exception
                ):  # Whatever fails in us, the process is left as the program wants it.
                    _within(_PATIENCE, lambda: left(code))
            return original(*args, **kwargs)

        return wrapper

    for name, original in kept.items():
        setattr(os, name, around(name, original))
    try:
        yield
    finally:
        for name, original in kept.items():
            if getattr(getattr(os, name), "__wrapped__", None) is original:
                setattr(os, name, original)


def _is_program(path: object) -> bool:
    """Return whether a process can become what stands at a path: `os.execvp` tries one directory after another."""
    try:
        return isinstance(path, (str, bytes, os.PathLike)) and os.access(path, os.X_OK)
    except (OSError, ValueError):
        return False


def _within(seconds: float, action: Callable[[], None]) -> None:
    """Do something in a thread, and wait so long for it at most."""
    thread = threading.Thread(target=action, daemon=True)
    thread.start()
    thread.join(seconds)

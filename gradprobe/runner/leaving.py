"""A program that leaves its process without the interpreter's end: by `os._exit`, or by becoming another one (`os.exec…`)."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Iterator
from typing import Any


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
            if os.getpid() == owner:
                with contextlib.suppress(
                    Exception
                ):  # Whatever fails in us, the process is left as the program wants it.
                    code = args[0] if args else kwargs.get("status")
                    left(code & 0xFF if name == "_exit" and isinstance(code, int) else None)
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

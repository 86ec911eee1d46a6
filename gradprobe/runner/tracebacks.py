"""Tracebacks as they would be without gradprobe."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType
from typing import Final

_OWN: Final = f"{Path(__file__).resolve().parent.parent}{os.sep}"


def peeled(error: BaseException) -> None:
    """Take frames of gradprobe out of the traceback of an exception, and of those it came from."""
    seen: set[int] = set()
    waiting: list[BaseException | None] = [error]
    while waiting:
        current = waiting.pop()
        if current is None or id(current) in seen:
            continue
        seen.add(id(current))
        current.__traceback__ = _without_own(current.__traceback__)
        waiting += [current.__cause__, current.__context__, *getattr(current, "exceptions", ())]


def _without_own(trace: TracebackType | None) -> TracebackType | None:
    entries = []
    while trace is not None:
        if not trace.tb_frame.f_code.co_filename.startswith(_OWN):
            entries.append(trace)
        trace = trace.tb_next
    following: TracebackType | None = None
    for entry in reversed(entries):
        # An instruction may have no line (Ctrl-C lands anywhere): None is read, and -1 is how that is written.
        line: int | None = entry.tb_lineno
        following = TracebackType(following, entry.tb_frame, entry.tb_lasti, -1 if line is None else line)
    return following

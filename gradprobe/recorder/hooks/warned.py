"""Python warnings while the script trains: torch's own among them, with the user's line."""

from __future__ import annotations

import functools
import sys
import warnings
from types import FrameType
from typing import TYPE_CHECKING, Any

from gradprobe.recorder.deep import importlib_bootstrap_mode as mode
from gradprobe.recorder.frames import plain
from gradprobe.recorder.patches import Patches
from gradprobe.values import Warned

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe warnings that are shown; how they are shown stays as it is."""
    show = warnings.showwarning

    @recorder.guard.guarded
    def note(message: object, category: type[Warning]) -> None:
        site = recorder.sites.at(sys._getframe(1))
        recorder.incident(Warned(site, category.__name__, str(message)[:2000]))

    @functools.wraps(show)
    def showwarning(message: Any, category: Any, filename: str, lineno: int, *more: Any, **named: Any) -> None:
        note(message, category)
        if (
            filename == mode.__file__
        ):  # torch's C++ warns of the Python frame that called it, which is that of our mode.
            caller = _outside(sys._getframe(1))
            if caller is not None:
                filename, lineno = caller.f_code.co_filename, caller.f_lineno
        show(message, category, filename, lineno, *more, **named)

    patches.replace(warnings, "showwarning", plain(showwarning))


def _outside(frame: FrameType | None) -> FrameType | None:
    """Return the frame that called the operation which our mode runs here."""
    is_within = False
    while frame is not None:
        is_mode = frame.f_code.co_filename == mode.__file__
        if is_within and not is_mode:
            return frame
        is_within, frame = is_within or is_mode, frame.f_back
    return None

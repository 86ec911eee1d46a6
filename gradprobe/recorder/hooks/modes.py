"""`module.eval()` and `module.train(False)`: where a module was put in evaluation mode."""

from __future__ import annotations

import sys
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.sites import is_machinery

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe the outermost call; a module passes it on to its children."""
    depth = 0

    @recorder.guard.guarded
    def note(args: Arguments, kwargs: Keywords) -> None:
        module = args[0]
        mode = args[1] if len(args) > 1 else kwargs.get("mode", True)
        if not mode:
            by_user = not recorder.sites.is_in_library(_caller(sys._getframe(1)))
            recorder.modes.evaluates(module, recorder.site(), recorder.steps.completed, by_user=by_user)

    def before(args: Arguments, kwargs: Keywords) -> None:
        nonlocal depth
        depth += 1
        if depth == 1:
            note(args, kwargs)

    def leave(*_: Any) -> None:
        nonlocal depth
        depth -= 1
        if depth == 0:
            settle()

    @recorder.guard.guarded
    def settle() -> None:
        recorder.modes.settle()

    patches.wrap(torch.nn.Module, "train", before=before, after=leave, failed=leave)


def _caller(frame: FrameType | None) -> FrameType | None:
    """Return the frame that called the method: a library's class of models may have an `eval` or `train` of its own."""
    while frame is not None and (is_machinery(frame.f_code.co_filename) or _is_method(frame)):
        frame = frame.f_back
    return frame


def _is_method(frame: FrameType) -> bool:
    return frame.f_code.co_name in ("eval", "train") and frame.f_code.co_varnames[:1] == ("self",)

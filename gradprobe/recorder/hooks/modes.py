"""`module.eval()` and `module.train(False)`: where a module was put in evaluation mode."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches

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
            by_user = not recorder.sites.is_in_library(sys._getframe(1))
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

"""`module.eval()` and `module.train(False)`: where a module was put in evaluation mode."""

from __future__ import annotations

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
        mode = args[1] if len(args) > 1 else kwargs.get("mode", True)
        if not mode:
            recorder.modes.evaluates(args[0], recorder.site(), recorder.steps.completed)  # pyright: ignore

    def before(args: Arguments, kwargs: Keywords) -> None:
        nonlocal depth
        depth += 1
        if depth == 1:
            note(args, kwargs)

    def leave(*_: Any) -> None:
        nonlocal depth
        depth -= 1

    patches.wrap(torch.nn.Module, "train", before=before, after=leave, failed=leave)

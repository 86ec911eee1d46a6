"""`scheduler.step()` of every learning-rate scheduler of torch, and of classes derived from them later."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.optim import lr_scheduler

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.values import SchedulerStep

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe schedulers; one that steps others inside counts once, and the step its constructor takes does not."""
    depth = 0

    @recorder.guard.guarded
    def note(kind: str) -> None:
        recorder.call(SchedulerStep(recorder.site(), kind))

    def enter(*_: object) -> None:
        nonlocal depth
        depth += 1

    def step(args: Arguments, kwargs: Keywords) -> None:
        enter()
        if depth == 1:
            note(type(args[0]).__name__)

    def leave(*_: object) -> None:
        nonlocal depth
        depth -= 1

    for kind in {kind for kind in vars(lr_scheduler).values() if isinstance(kind, type) and "step" in vars(kind)}:
        if issubclass(kind, lr_scheduler.LRScheduler):
            patches.wrap(kind, "step", before=step, after=leave, failed=leave)
    patches.wrap(lr_scheduler.LRScheduler, "_initial_step", before=enter, after=leave, failed=leave)

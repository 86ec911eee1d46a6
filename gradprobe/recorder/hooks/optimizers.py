"""The step of every optimizer, by torch's own global hooks, and where optimizers are built."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import torch
from torch.optim.optimizer import register_optimizer_step_post_hook, register_optimizer_step_pre_hook

from gradprobe.recorder.frames import plain
from gradprobe.recorder.patches import Arguments, Keywords, Patches

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe optimizers."""

    @recorder.guard.guarded
    def begin(optimizer: torch.optim.Optimizer, closure: bool) -> None:
        recorder.optimizer_begins(optimizer, sys._getframe(1), closure)

    def before_step(optimizer: torch.optim.Optimizer, args: Arguments, kwargs: Keywords) -> None:
        if torch.compiler.is_compiling():
            return
        recorder.stop_if_due(optimizer=optimizer)
        closure = args[1] if len(args) > 1 else kwargs.get("closure")
        begin(optimizer, callable(closure))

    @recorder.guard.guarded
    def end(optimizer: torch.optim.Optimizer) -> None:
        recorder.optimizer_ended(optimizer, recorder.site())

    def after_step(optimizer: torch.optim.Optimizer, args: Arguments, kwargs: Keywords) -> None:
        if not torch.compiler.is_compiling():
            end(optimizer)

    @recorder.guard.guarded
    def built(args: Arguments, _: None) -> None:
        recorder.built[args[0]] = recorder.site()
        recorder.deep.optimizer_built(args[0])

    handles = (
        register_optimizer_step_pre_hook(plain(before_step)),
        register_optimizer_step_post_hook(plain(after_step)),
    )
    for handle in handles:
        patches.on_undo(handle.remove)
    patches.wrap(torch.optim.Optimizer, "__init__", before=lambda args, _: args, after=built)

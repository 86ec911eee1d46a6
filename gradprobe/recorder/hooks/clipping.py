"""`clip_grad_norm_`, `clip_grads_with_norm_` and `clip_grad_value_`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.utils import clip_grad

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.values import ClipCall

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

TOTAL_NORM = "grad_norm_before_clip"
"""Metric: what `clip_grad_norm_` returned, the norm of all gradients it was given before it clipped them."""


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe clipping; the function is known by several names, each of which is replaced."""

    @recorder.guard.guarded
    def before_norm(args: Arguments, kwargs: Keywords) -> None:
        site = recorder.site()
        recorder.ledger.clipped(site)
        recorder.ledger.explained()
        recorder.call(ClipCall(site, "norm", _limit(args, kwargs, "max_norm"), recorder.gradients_are_scaled))

    @recorder.guard.guarded
    def after_norm(_: None, total: object) -> None:
        if isinstance(total, torch.Tensor) and not recorder.gradients_are_scaled:
            recorder.measure(TOTAL_NORM, total)

    @recorder.guard.guarded
    def before_with_norm(args: Arguments, kwargs: Keywords) -> None:
        before_norm(args, kwargs)
        after_norm(None, args[2] if len(args) > 2 else kwargs.get("total_norm"))

    @recorder.guard.guarded
    def before_value(args: Arguments, kwargs: Keywords) -> None:
        site = recorder.site()
        recorder.ledger.clipped(site)
        recorder.ledger.explained()
        recorder.call(ClipCall(site, "value", _limit(args, kwargs, "clip_value"), recorder.gradients_are_scaled))

    for owner in (clip_grad, torch.nn.utils):
        patches.wrap(owner, "clip_grad_norm_", before=before_norm, after=after_norm)
        patches.wrap(owner, "clip_grads_with_norm_", before=before_with_norm)
        patches.wrap(owner, "clip_grad_value_", before=before_value)


def _limit(args: Arguments, kwargs: Keywords, name: str) -> float:
    limit = args[1] if len(args) > 1 else kwargs.get(name)
    return float(limit) if isinstance(limit, (int, float)) else float("nan")

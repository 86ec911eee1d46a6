"""`clip_grad_norm_`, `clip_grads_with_norm_` and `clip_grad_value_`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.utils import clip_grad

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.scaling import given
from gradprobe.values import ClipCall

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

TOTAL_NORM = "grad_norm_before_clip"
"""Metric: what `clip_grad_norm_` returned, the norm of all gradients it was given before it clipped them."""
SCALED_NORM = "scaled_grad_norm_before_clip"
"""Metric: the same, where a gradient scaler's factor was still on them."""


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe clipping; the function is known by several names, each of which is replaced."""

    @recorder.guard.guarded
    def before_norm(args: Arguments, kwargs: Keywords) -> bool:
        site = recorder.site()
        limit = _limit(args, kwargs, "max_norm")
        is_scaled = recorder.scaling.is_on(_parameters(args, kwargs), limit)
        recorder.ledger.clipped(site, given(_parameters(args, kwargs)))
        recorder.ledger.explained()
        recorder.call(ClipCall(site, "norm", limit, is_scaled))
        recorder.scaling.busy += 1
        return is_scaled

    @recorder.guard.guarded
    def after_norm(is_scaled: bool | None, total: object) -> None:
        recorder.scaling.busy = 0
        if isinstance(total, torch.Tensor) and is_scaled is not None:
            recorder.measure(SCALED_NORM if is_scaled else TOTAL_NORM, total)

    @recorder.guard.guarded
    def before_with_norm(args: Arguments, kwargs: Keywords) -> None:
        after_norm(before_norm(args, kwargs), args[2] if len(args) > 2 else kwargs.get("total_norm"))
        recorder.scaling.busy += 1

    @recorder.guard.guarded
    def before_value(args: Arguments, kwargs: Keywords) -> None:
        site = recorder.site()
        limit = _limit(args, kwargs, "clip_value")
        recorder.ledger.clipped(site, given(_parameters(args, kwargs)))
        recorder.ledger.explained()
        recorder.call(ClipCall(site, "value", limit, recorder.scaling.is_on(_parameters(args, kwargs), limit)))
        recorder.scaling.busy += 1

    @recorder.guard.guarded
    def ended(*_: object) -> None:
        recorder.scaling.busy = 0

    for owner in (clip_grad, torch.nn.utils):
        patches.wrap(owner, "clip_grad_norm_", before=before_norm, after=after_norm, failed=ended)
        patches.wrap(owner, "clip_grads_with_norm_", before=before_with_norm, after=ended, failed=ended)
        patches.wrap(owner, "clip_grad_value_", before=before_value, after=ended, failed=ended)


def _parameters(args: Arguments, kwargs: Keywords) -> object:
    return args[0] if args else kwargs.get("parameters")


def _limit(args: Arguments, kwargs: Keywords, name: str) -> float:
    limit = args[1] if len(args) > 1 else kwargs.get(name)
    return float(limit) if isinstance(limit, (int, float)) else float("nan")

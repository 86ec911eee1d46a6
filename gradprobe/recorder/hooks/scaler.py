"""Gradient scalers: which loss was scaled, which gradients are still scaled, and which steps are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.stop import StopTraining
from gradprobe.values import ScalerCall, Site

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe every gradient scaler."""

    def note(method: str) -> Site:
        site = recorder.site()
        recorder.call(ScalerCall(site, method))
        return site

    @recorder.guard.guarded
    def before_scale(args: Arguments, kwargs: Keywords) -> object:
        return (args[1] if len(args) > 1 else kwargs.get("outputs")) if args[0].is_enabled() else None

    @recorder.guard.guarded
    def after_scale(loss: object, scaled: object) -> None:
        if isinstance(loss, torch.Tensor) and isinstance(scaled, torch.Tensor) and loss.numel() == 1:
            recorder.losses.scaled(loss, scaled)

    @recorder.guard.guarded
    def before_unscale(args: Arguments, kwargs: Keywords) -> Site | None:
        if not args[0].is_enabled():
            return None
        recorder.gradients_are_scaled = False
        recorder.ledger.explained()
        return note("unscale_")

    @recorder.guard.guarded
    def before_step(args: Arguments, kwargs: Keywords) -> tuple[Site, object, int] | None:
        if not args[0].is_enabled():
            return None
        optimizer = args[1] if len(args) > 1 else kwargs.get("optimizer")
        return note("step"), optimizer, recorder.optimizer_calls

    @recorder.guard.guarded
    def after_step(token: tuple[Site, object, int] | None, _: object) -> None:
        if token is None:
            return
        site, optimizer, calls = token
        if recorder.optimizer_calls == calls and isinstance(optimizer, torch.optim.Optimizer):
            recorder.step_skipped(optimizer, site)

    @recorder.guard.guarded
    def before_update(args: Arguments, kwargs: Keywords) -> None:
        if args[0].is_enabled():
            note("update")

    @recorder.guard.guarded
    def crash_in_unscale(site: Site | None, error: BaseException) -> None:
        if site is not None and not isinstance(error, StopTraining):
            recorder.crashed(error, site, "unscale")

    @recorder.guard.guarded
    def crash_in_step(token: tuple[Site, object, int] | None, error: BaseException) -> None:
        if token is not None and not isinstance(error, StopTraining):
            recorder.crashed(error, token[0], "optimizer step")

    scaler = torch.amp.grad_scaler.GradScaler
    patches.wrap(scaler, "scale", before=before_scale, after=after_scale)
    patches.wrap(scaler, "unscale_", before=before_unscale, failed=crash_in_unscale)
    patches.wrap(scaler, "step", before=before_step, after=after_step, failed=crash_in_step)
    patches.wrap(scaler, "update", before=before_update)

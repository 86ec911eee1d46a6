"""Gradient scalers: which loss was scaled, which gradients are still scaled, and which steps are skipped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.stop import StopTraining
from gradprobe.values import ScalerCall, Site

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

SCALE: Final = "loss_scale"
"""Metric: the factor of the gradient scaler when it was asked for a step."""


TOO_MANY: Final = 8
"""Steps left out in a row from which it may not be the scale: a power of two, at which a scaler's steps are noted."""


class _Asked(NamedTuple):
    """A step that a scaler was asked for, and how many of them there had been."""

    site: Site
    optimizer: object
    scaler: object
    calls: int
    skips: int


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe every gradient scaler."""

    def note(method: str) -> Site:
        site = recorder.site()
        recorder.call(ScalerCall(site, method))
        return site

    @recorder.guard.guarded
    def before_scale(args: Arguments, kwargs: Keywords) -> object:
        if not args[0].is_enabled():
            return None
        recorder.scaling.of(args[0])
        return args[1] if len(args) > 1 else kwargs.get("outputs")

    @recorder.guard.guarded
    def after_scale(loss: object, scaled: object) -> None:
        if isinstance(loss, torch.Tensor) and isinstance(scaled, torch.Tensor):
            recorder.losses.scaled(loss, scaled)
        elif isinstance(loss, (list, tuple)) and isinstance(scaled, (list, tuple)):
            for one, result in zip(loss, scaled, strict=False):
                after_scale(one, result)

    @recorder.guard.guarded
    def before_unscale(args: Arguments, kwargs: Keywords) -> Site | None:
        if not args[0].is_enabled():
            return None
        site = note("unscale_")
        recorder.scaling.settle()
        recorder.scaling.unscaled(args[1] if len(args) > 1 else kwargs.get("optimizer"))
        recorder.scaling.busy += 1
        recorder.ledger.explained()
        return site

    @recorder.guard.guarded
    def after_unscale(*_: object) -> None:
        recorder.scaling.busy = 0

    @recorder.guard.guarded
    def before_step(args: Arguments, kwargs: Keywords) -> _Asked | None:
        scaler = args[0]
        if not scaler.is_enabled():
            return None
        optimizer = args[1] if len(args) > 1 else kwargs.get("optimizer")
        recorder.scaling.settle()
        recorder.scaling.of(scaler)
        if isinstance(scaler._scale, torch.Tensor):
            recorder.measure(SCALE, scaler._scale)
        return _Asked(note("step"), optimizer, scaler, recorder.optimizer_calls, recorder.scaling.skips)

    @recorder.guard.guarded
    def after_step(asked: _Asked | None, _: object) -> None:
        if asked is None:
            return
        if recorder.optimizer_calls == asked.calls and isinstance(asked.optimizer, torch.optim.Optimizer):
            recorder.step_skipped(asked.optimizer, asked.site)
        is_skipped = recorder.scaling.skips > asked.skips
        observation = recorder.scaling.stepped(asked.scaler, asked.site, skipped=is_skipped)
        if observation is not None:
            recorder.writer.observe(recorder.steps.completed, observation)
            if observation.detail["in_a_row"] == TOO_MANY:
                recorder.deep.turned_non_finite(asked.site)

    @recorder.guard.guarded
    def before_update(args: Arguments, kwargs: Keywords) -> None:
        if args[0].is_enabled():
            note("update")
            recorder.scaling.updated()

    @recorder.guard.guarded
    def scale_asked(scaler: Any, scale: object) -> None:
        if isinstance(scale, float) and scaler.is_enabled() and scale > 0:
            recorder.scaling.asked = scale

    @recorder.guard.guarded
    def built(args: Arguments, _: object) -> None:
        recorder.scaling.scalers[args[0]] = recorder.site()

    def ended() -> None:
        for observation in recorder.scaling.observations():
            recorder.deep.observe(observation)

    @recorder.guard.guarded
    def crash_in_unscale(site: Site | None, error: BaseException) -> None:
        recorder.scaling.busy = 0
        if site is not None and not isinstance(error, StopTraining):
            recorder.crashed(error, site, "unscale")

    @recorder.guard.guarded
    def crash_in_step(asked: _Asked | None, error: BaseException) -> None:
        if asked is not None and not isinstance(error, StopTraining):
            recorder.crashed(error, asked.site, "optimizer step")

    scaler = torch.amp.grad_scaler.GradScaler
    patches.wrap(scaler, "scale", before=before_scale, after=after_scale)
    patches.wrap(scaler, "unscale_", before=before_unscale, after=after_unscale, failed=crash_in_unscale)
    patches.wrap(scaler, "step", before=before_step, after=after_step, failed=crash_in_step)
    patches.wrap(scaler, "update", before=before_update)
    patches.wrap(scaler, "get_scale", before=lambda args, _: args[0], after=scale_asked)
    patches.wrap(scaler, "__init__", before=lambda args, _: args, after=built)
    patches.on_undo(ended)

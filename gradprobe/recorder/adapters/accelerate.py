"""accelerate: losses that it divides for accumulation, and optimizers that step although it says to wait.

A step that accelerate's own optimizer leaves out because of a gradient scaler is seen where scalers are.
"""

from __future__ import annotations

import sys
import weakref
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.optim.optimizer import Optimizer, register_optimizer_step_post_hook

from gradprobe.recorder.adapters.standing import Standing
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

MODULE: Final = "accelerate.accelerator"
DIVIDED: Final = "divided-loss"
"""An observation of an `accelerator.backward` that divides its loss for accumulation.

`detail`: `parts` (by how much), `accumulate` (whether `accelerator.accumulate` was ever entered).
"""
MOST_SITES: Final = 256
"""Different lines that call `backward` which are noted."""
OUT_OF_STEP: Final = "step-out-of-turn"
"""An observation of an optimizer that steps while accelerate is still accumulating: it was not prepared.

`detail`: `optimizer` (its number), `steps`. A related site with the role `prepared here` is where others were prepared.
"""


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe accelerators."""
    watched = _Accumulation(recorder)
    standing = Standing(recorder, patches, MODULE)
    standing.around(module.Accelerator, "accumulate", before=watched.entered)
    standing.around(module.Accelerator, "prepare", before=watched.prepared)
    standing.around(module.Accelerator, "backward", before=watched.divides)
    stepped = standing.fitting(watched.stepped)

    def after_step(optimizer: Optimizer, args: Arguments, kwargs: Keywords) -> None:
        if not torch.compiler.is_compiling():
            stepped(optimizer, args, kwargs)

    patches.hook(register_optimizer_step_post_hook, after_step)


class _Accumulation:
    """What accelerators were told about accumulation."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._accumulates = False
        self._accelerator: weakref.ref[Any] | None = None
        self._prepared_at: Site | None = None
        self._steps: dict[int, int] = {}
        self._told: dict[Site, tuple[int, bool]] = {}

    def entered(self, args: Arguments, kwargs: Keywords) -> None:
        """Note that accumulation is left to the accelerator."""
        self._accumulates = True

    def prepared(self, args: Arguments, kwargs: Keywords) -> None:
        """Note where something was prepared."""
        self._prepared_at = self._recorder.site()

    def divides(self, args: Arguments, kwargs: Keywords) -> None:
        """Note a backward of the user's own whose loss is divided; a framework that calls it counts by itself."""
        accelerator = args[0]
        parts = int(accelerator.gradient_accumulation_steps)
        if parts < 2 or self._recorder.sites.is_in_library(sys._getframe(1)):
            return
        self._accelerator = weakref.ref(accelerator)
        site, told = self._recorder.site(), (parts, self._accumulates)
        if self._told.get(site) != told and len(self._told) < MOST_SITES:
            self._told[site] = told
            detail = {"parts": parts, "accumulate": self._accumulates}
            self._recorder.deep.observe(Observation(DIVIDED, site, detail=detail))

    def stepped(self, optimizer: Optimizer, args: object, kwargs: object) -> None:
        """Note an optimizer's step where gradients are still accumulated."""
        accelerator = None if self._accelerator is None else self._accelerator()
        if accelerator is None or accelerator.gradient_state.sync_gradients:
            return
        number = self._recorder.layout.number_of(optimizer)
        if number is None:
            return
        steps = self._steps[number] = self._steps.get(number, 0) + 1
        if steps & (steps - 1):
            return  # Ever less often.
        detail = {"optimizer": number, "steps": steps}
        related = () if self._prepared_at is None else (RelatedSite(self._prepared_at, "prepared here"),)
        self._recorder.deep.observe(
            Observation(OUT_OF_STEP, self._recorder.site(), related, detail=detail, key=str(number))
        )

"""Whether a gradient scaler's factor is on the gradients, and what became of the steps it was asked for."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

import torch

from gradprobe.recorder.layout import optimizer_parameters
from gradprobe.recorder.transfer import host_value, on_host
from gradprobe.values import Observation, RelatedSite, Site

STEPS: Final = "scaler-steps"
"""An observation of the steps that a scaler was asked for at a line.

`detail`: `taken`, `skipped`, `in_a_row` (skipped ones at the end, without one taken), `first_scale`, `last_scale` (None where
it is on a device and was not looked at). A related site with the role `scaler built here` is where the scaler was built.
"""
PLAUSIBLE: Final = (1e-3, 1e6)
"""Between these lies a threshold for gradients that was multiplied by the scale, divided by that scale."""


@dataclass(slots=True)
class Steps:
    """What became of the steps asked for at a line."""

    taken: int = 0
    skipped: int = 0
    in_a_row: int = 0
    built: Site | None = None
    first_scale: float | None = None
    last_scale: float | None = None


class Scaling:
    """Follows the factor from a scaled backward to the step.

    Attributes:
        on: Whether a scaled loss was backpropagated since the scaler's last update.
        skips: Steps that were left out so far.
        backwards: Backward calls so far.
        asked: The scale, where the script asked for it since the newest backward.
        busy: Whether a function of torch that knows of gradients is at work: clipping, or the scaler itself.
        by_hand: Whether the script seems to have divided gradients by the scale itself, since the newest backward.
        on_settled: Called when what was seen since the newest backward is settled: a step, or another backward, is due.
    """

    def __init__(self) -> None:
        self.on = False
        self.skips = 0
        self.backwards = 0
        self.asked: float | None = None
        self.busy = 0
        self.by_hand = False
        self.on_settled: Callable[[], None] | None = None
        self.scalers: weakref.WeakKeyDictionary[Any, Site] = weakref.WeakKeyDictionary()
        self._unscaled: list[weakref.ref[torch.optim.Optimizer]] = []
        self._scaler: weakref.ref[Any] | None = None
        self._steps: dict[Site, Steps] = {}

    def backward(self, *, scaled: bool) -> None:
        """Note a backward that is about to run."""
        self.settle()
        self.backwards += 1
        self.asked, self.by_hand = None, False
        if scaled:
            self.on = True

    def settle(self) -> None:
        """Have what was seen since the newest backward judged."""
        if self.on_settled is not None:
            self.on_settled()

    def of(self, scaler: Any) -> None:
        """Note which scaler is in use."""
        self._scaler = weakref.ref(scaler)

    def unscaled(self, optimizer: object) -> None:
        """Note that an optimizer's gradients are free of the factor: unscaled, or used."""
        if self.on and isinstance(optimizer, torch.optim.Optimizer) and not self.is_free(optimizer):
            self._unscaled.append(weakref.ref(optimizer))

    def updated(self) -> None:
        """Note the scaler's update: what comes after is a new step."""
        self.on = False
        self._unscaled.clear()

    def is_free(self, optimizer: torch.optim.Optimizer) -> bool:
        """Return whether an optimizer's gradients are free of the factor."""
        return any(reference() is optimizer for reference in self._unscaled)

    def free_parameters(self) -> set[int]:
        """Return the identities of the parameters whose gradients are free of the factor."""
        optimizers = (reference() for reference in self._unscaled)
        return {id(one) for optimizer in optimizers if optimizer is not None for one in optimizer_parameters(optimizer)}

    def is_on(self, parameters: object, threshold: float) -> bool:
        """Return whether the factor is on these parameters' gradients, and a threshold for them takes no account of it.

        Args:
            parameters: As they were given to a function: a tensor, tensors, or a generator, which is not drawn from.
            threshold: What they are clipped to.
        """
        if not self.on or self.by_hand or self.is_accounted_for(threshold):
            return False
        if not self._unscaled:
            return True
        found = given(parameters)
        return bool(found) and id(found[0]) not in self.free_parameters()

    def is_accounted_for(self, threshold: float) -> bool:
        """Return whether a threshold was multiplied by the scale."""
        least, most = PLAUSIBLE
        if self.asked is not None:
            return least <= threshold / self.asked <= most
        scale = self.scale
        return scale is not None and scale >= 1024 and 1e-2 * scale <= threshold < float("inf")

    @property
    def scale(self) -> float | None:
        """The factor, where it can be read without waiting for a device."""
        scale = None if self._scaler is None else getattr(self._scaler(), "_scale", None)
        return host_value(scale) if isinstance(scale, torch.Tensor) and on_host(scale) else self.asked

    def stepped(self, scaler: Any, site: Site, *, skipped: bool) -> Observation | None:
        """Count a step that a scaler was asked for; return what is to be noted when it is time for that.

        Args:
            scaler: Which.
            site: Where.
            skipped: Whether it left the step out.
        """
        steps = self._steps.get(site)
        if steps is None:
            if len(self._steps) >= 64:
                return None
            steps = self._steps[site] = Steps(built=self.scalers.get(scaler))
            steps.first_scale = float(getattr(scaler, "_init_scale", 0.0)) or None
        if not skipped:
            steps.taken += 1
            steps.in_a_row = 0
            return None
        steps.skipped += 1
        steps.in_a_row += 1
        is_due = not steps.in_a_row & (steps.in_a_row - 1)
        scale = getattr(scaler, "_scale", None)
        if isinstance(scale, torch.Tensor) and (is_due or on_host(scale)):
            # On a device the scaler has just waited itself, to find that it must skip.
            steps.last_scale = host_value(scale) if on_host(scale) else float(scale)
        return _observation(site, steps) if is_due else None

    def observations(self) -> Iterable[Observation]:
        """Return what became of the steps that scalers were asked for."""
        for site, steps in self._steps.items():
            scale = self.scale
            if scale is not None and len(self._steps) == 1:
                steps.last_scale = scale
            yield _observation(site, steps)


def _observation(site: Site, steps: Steps) -> Observation:
    detail = {
        "taken": steps.taken,
        "skipped": steps.skipped,
        "in_a_row": steps.in_a_row,
        "first_scale": steps.first_scale,
        "last_scale": steps.last_scale,
    }
    related = () if steps.built is None else (RelatedSite(steps.built, "scaler built here"),)
    return Observation(STEPS, site, related, detail=detail)


def given(parameters: object) -> list[torch.Tensor]:
    """Return the parameters that a function was given, without drawing from a generator; none where they cannot be told."""
    if isinstance(parameters, torch.Tensor):
        return [parameters]
    if isinstance(parameters, (list, tuple)):
        return [one for one in parameters if isinstance(one, torch.Tensor)]
    frame = getattr(parameters, "gi_frame", None)
    module = frame.f_locals.get("self") if frame is not None else None
    return list(module.parameters()) if isinstance(module, torch.nn.Module) else []

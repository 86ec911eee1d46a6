"""Training without an optimizer of torch: `p -= lr * p.grad`, and what a step is then.

Until an optimizer of torch steps, a step is an update of parameters after a backward: between two backward calls a
parameter was written to or, where no optimizer has even been built, its gradient was cleared. Gradients are measured
when backward ends, for later they are gone.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass

import torch

from gradprobe.recorder.gradients import Norms


@dataclass(slots=True)
class Pending:
    """What a backward left behind, until it is known whether an update followed.

    Attributes:
        positions: Positions of the parameters that have a gradient.
        norms: Their gradients' norms.
        before: What each parameter and its gradient looked like.
    """

    positions: list[int]
    norms: Norms
    before: list[tuple[weakref.ref[torch.Tensor], tuple[int, int, int]]]

    def was_used(self, *, if_gone: bool, if_cleared: bool) -> bool:
        """Return whether a parameter was written to since.

        Args:
            if_gone: What a parameter that is no longer there stands for: replaced by an updated one, or just forgotten.
            if_cleared: Whether a gradient that was cleared tells of an update (one through `.data` leaves no other trace).
        """
        for reference, (version, *gradient) in self.before:
            parameter = reference()
            if parameter is None:
                if if_gone:
                    return True
                continue
            now, *gradient_now = _look(parameter)
            if now != version or (if_cleared and gradient_now != gradient):
                return True
        return False


def after_backward(parameters: list[tuple[int, torch.Tensor]]) -> Pending | None:
    """Return what a backward left behind in parameters, given with their positions; None where it left nothing."""
    reached = [(position, parameter) for position, parameter in parameters if parameter.grad is not None]
    if not reached:
        return None
    return Pending(
        positions=[position for position, _ in reached],
        norms=Norms([parameter for _, parameter in reached], None),
        before=[(weakref.ref(parameter), _look(parameter)) for _, parameter in reached],
    )


def _look(parameter: torch.Tensor) -> tuple[int, int, int]:
    """Return what changes when a parameter is written to or its gradient is cleared: versions, and which gradient it is."""
    gradient = parameter.grad
    return parameter._version, id(gradient), -1 if gradient is None else gradient._version

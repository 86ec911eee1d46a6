"""Training without an optimizer of torch: `p -= lr * p.grad`, and what a step is then.

Where no optimizer has been built, a step is an update of parameters after a backward: between two backward calls a parameter
was written to, or its gradient was cleared. Gradients are measured when backward ends, for later they are gone.
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

    def was_used(self, *, if_gone: bool) -> bool:
        """Return whether a parameter was written to, or a gradient cleared, since.

        Args:
            if_gone: What a parameter that is no longer there stands for: replaced by an updated one, or just forgotten.
        """
        for reference, seen in self.before:
            parameter = reference()
            if if_gone if parameter is None else _look(parameter) != seen:
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

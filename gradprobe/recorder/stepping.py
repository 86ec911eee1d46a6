"""An optimizer's step that is under way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from gradprobe.recorder.gradients import Norms
    from gradprobe.recorder.layout import Bound


@dataclass(slots=True)
class Stepping:
    """A step between its beginning and its end.

    Attributes:
        bound: The optimizer's place in the record.
        was_open: Whether its gradients had been looked at before this step.
        norms: The norms of what it consumes; None where that is measured when it has ended.
        evaluations: How often it has called its closure.
        is_sampled: Whether elements of its parameters were looked at.
    """

    bound: Bound
    was_open: bool
    norms: Norms | None = None
    evaluations: int = 0
    is_sampled: bool = False


def is_torchs(optimizer: torch.optim.Optimizer) -> bool:
    """Return whether an optimizer's step is torch's own code."""
    return type(optimizer).step.__module__.startswith("torch.optim")

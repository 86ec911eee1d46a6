"""What the recorder saw happen, as values.

Two kinds, kept apart because they are stored differently: a *call* is part of the ordinary course of a training step
(the same few calls recur in every step, so the record keeps each once and each step as the order in which they came);
an *incident* is out of the ordinary and is kept with its own step.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from gradprobe.values.site import Site


@dataclass(frozen=True, slots=True)
class Backward:
    """A loss was backpropagated.

    Attributes:
        site: Where `backward()` was called.
        loss: Name of the metric under which the loss is recorded; the user's variable where it has one.
        scaled: Whether a gradient scaler had scaled the loss.
        retain_graph: Whether the caller asked to keep the graph.
    """

    site: Site
    loss: str
    scaled: bool = False
    retain_graph: bool = False


@dataclass(frozen=True, slots=True)
class GradientsTaken:
    """Gradients were computed by `torch.autograd.grad`, which leaves nothing on the parameters.

    Attributes:
        site: Where it was called.
    """

    site: Site


@dataclass(frozen=True, slots=True)
class OptimizerStep:
    """An optimizer took a step.

    Attributes:
        site: Where `step()` was called.
        optimizer: The optimizer's number in the record.
    """

    site: Site
    optimizer: int


@dataclass(frozen=True, slots=True)
class ZeroGrad:
    """Gradients were cleared by `zero_grad()`.

    Attributes:
        site: Where it was called.
        owner: `optimizer 0` (its number in the record) or `module model`.
        to_none: Whether gradients become None rather than zeros.
    """

    site: Site
    owner: str
    to_none: bool = True


@dataclass(frozen=True, slots=True)
class ClipCall:
    """Gradients were clipped.

    Attributes:
        site: Where it was called.
        kind: `norm` or `value`.
        limit: Largest norm or absolute value allowed.
        still_scaled: Whether a gradient scaler's factor was still on the gradients.
    """

    site: Site
    kind: str
    limit: float
    still_scaled: bool = False


@dataclass(frozen=True, slots=True)
class ScalerCall:
    """A method of a gradient scaler was called: `unscale_`, `step` or `update`."""

    site: Site
    method: str


@dataclass(frozen=True, slots=True)
class SchedulerStep:
    """A learning-rate scheduler of the named class took a step."""

    site: Site
    scheduler: str


@dataclass(frozen=True, slots=True)
class StepSkipped:
    """A gradient scaler found a gradient that is not finite and left the optimizer's step out."""

    site: Site
    optimizer: int


@dataclass(frozen=True, slots=True)
class Warned:
    """A Python warning was raised below the user's line.

    Attributes:
        site: The user's line, which need not be the line the warning names.
        category: Class of the warning.
        message: Its text.
    """

    site: Site
    category: str
    message: str


@dataclass(frozen=True, slots=True)
class Crashed:
    """An exception left a recorded call or the script.

    Attributes:
        site: The user's line it came through.
        type: Class of the exception.
        message: Its text.
        during: `backward`, `unscale`, `optimizer step` or `script`.
    """

    site: Site
    type: str
    message: str
    during: str


@dataclass(frozen=True, slots=True)
class ParameterCreated:
    """A parameter was registered in a module after the first optimizer step.

    Attributes:
        site: The user's line that created it.
        module: Class of the module.
        name: The parameter's name within that module.
    """

    site: Site
    module: str
    name: str


@dataclass(frozen=True, slots=True)
class RecorderFailed:
    """The recorder itself failed; recording ended here and training went on.

    Attributes:
        site: The recorder's own line.
        message: Class and text of the exception.
    """

    site: Site
    message: str


Call: TypeAlias = Backward | GradientsTaken | OptimizerStep | ZeroGrad | ClipCall | ScalerCall | SchedulerStep
Incident: TypeAlias = StepSkipped | Warned | Crashed | ParameterCreated | RecorderFailed
Event: TypeAlias = Call | Incident

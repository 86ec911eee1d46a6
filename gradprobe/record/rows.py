"""What the recorder hands to the record: rows of its tables, by position."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradprobe.values import Incident, Site

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class ParameterRow:
    """A parameter; the fields are those of `gradprobe.record.record.Parameter` without its counts."""

    name: str
    module: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    trainable: bool
    optimizer: int | None
    group: int | None
    objects: int


@dataclass(frozen=True, slots=True)
class AccountRow:
    """What deep steps know of a parameter; the fields are those of `gradprobe.record.record.Account`."""

    registered: str
    registered_at: Site | None
    made: Site | None
    origin: str
    requires_grad: bool
    frozen_at: Site | None
    owners: int
    moved: int
    unmoved: int
    same_object: bool
    written: int = 0
    last_write: Site | None = None
    used_at: Site | None = None
    frozen_by_user: bool = False
    copied_from: tuple[int, ...] = ()
    frozen_after_built: bool = False
    library: bool = False
    made_chain: tuple[Site, ...] = ()
    used_chain: tuple[Site, ...] = ()
    scale: float = -1.0


@dataclass(frozen=True, slots=True)
class ModuleRow:
    """A module; the fields are those of `gradprobe.record.record.Module` without its counts."""

    name: str
    type: str
    depth: int
    parameters: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class OptimizerRow:
    """An optimizer; the fields are those of `gradprobe.record.record.Optimizer` without its steps."""

    type: str
    built: Site | None
    settings: Mapping[str, float | int | bool | str | None]


@dataclass(slots=True)
class StepRow:
    """One training step, ready to be written.

    Attributes:
        index: Its number, from 0.
        time: Its end, seconds since the epoch.
        seconds: Its duration, in seconds.
        norms: `[parameters known then]` float32, with the codes of `gradprobe.values.step`.
        learning_rates: `[groups known then]` float64.
        metrics: Value by position of the metric.
        calls: Positions of its calls, in order.
        stepped: Numbers of the optimizers that stepped in it.
        kept: Whether it must not be thinned.
    """

    index: int
    time: float
    seconds: float
    norms: NDArray[np.float32]
    learning_rates: NDArray[np.float64]
    metrics: Mapping[int, float]
    calls: tuple[int, ...]
    stepped: tuple[int, ...]
    kept: bool = False


@dataclass(slots=True)
class IncidentRow:
    """An incident and the step it was seen in."""

    step: int
    incident: Incident


@dataclass(slots=True)
class Batch:
    """What goes to the record in one transaction.

    Attributes:
        steps: Training steps, in order.
        incidents: Incidents, in order.
        loose_calls: (step, position) of calls that no optimizer step came after.
    """

    steps: list[StepRow] = field(default_factory=list)
    incidents: list[IncidentRow] = field(default_factory=list)
    loose_calls: list[tuple[int, int]] = field(default_factory=list)

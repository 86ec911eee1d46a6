"""A record, read whole: what checks, flags and the health table are computed from. Plain numpy, no torch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from gradprobe.values import Call, Incident, Observed

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from gradprobe.record.rank import Ranks
    from gradprobe.values import RunFacts, Site


@dataclass(frozen=True, slots=True)
class GradientCounts:
    """How often a parameter or module had a gradient, counted over every step, thinned or not.

    Attributes:
        flowing: Steps with a gradient that is finite and not zero.
        zero: Steps in which the gradient was there and all zero.
        none: Steps in which its optimizer stepped and there was no gradient.
        non_finite: Steps in which the gradient held NaN or infinity.
        last_flowing: Newest step with a gradient that is not zero; -1 if there was none.
    """

    flowing: int
    zero: int
    none: int
    non_finite: int
    last_flowing: int

    @property
    def looked_at(self) -> int:
        """Steps in which the gradient was due and looked at."""
        return self.flowing + self.zero + self.none + self.non_finite


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter tensor.

    Attributes:
        name: Name as the user would write it, `qwen.embedder.layers.0.self_attn.q_proj.weight`.
        module: Name of the module that holds it; empty for a bare tensor.
        shape: Its shape.
        dtype: `float32`.
        device: `cuda:0`.
        trainable: Whether it required a gradient when last seen.
        optimizer: Number of the optimizer that owns it; None where none does.
        group: Position of its parameter group in `Record.groups`; None where no optimizer owns it.
        objects: How many different tensors went by this name (more than one: it was replaced).
        counts: How often it had a gradient.
    """

    name: str
    module: str
    shape: tuple[int, ...]
    dtype: str
    device: str
    trainable: bool
    optimizer: int | None
    group: int | None
    objects: int
    counts: GradientCounts

    @property
    def elements(self) -> int:
        """Number of elements."""
        total = 1
        for size in self.shape:
            total *= size
        return total


@dataclass(frozen=True, slots=True)
class Account:
    """What deep steps know of a parameter beyond its gradients.

    Attributes:
        registered: Name and class of the module that registered it, `weight of Linear`; empty where none did.
        registered_at: The user's line where that happened.
        made: The user's line that made it.
        origin: How its values came to be: `initialised` (random numbers), `copied` (loaded, or written from another tensor),
            `given` (made of values that were there), `unknown`.
        requires_grad: Whether it required a gradient when last looked at.
        frozen_at: Where it was told not to require one; None where it was not told so.
        owners: Parameter groups, over all living optimizers, that hold it.
        moved: Deep steps of its optimizer that changed it.
        unmoved: Deep steps of its optimizer that left it as it was although its gradient was not zero.
        same_object: Whether one and the same tensor has gone by its name throughout.
        written: How often deep steps saw the script write to it by itself, since its first backward.
        last_write: Where it last did.
        used_at: Where it was first used for something that a gradient comes back from; None where deep steps saw no such use.
        frozen_by_user: Whether it was an explicit call or assignment that froze it, not a library's default.
        frozen_after_built: Whether it was told not to require a gradient after an optimizer had been built with it.
        library: Whether a library's code made it, not the user's own.
        made_chain: The user's lines that made it, innermost first; kept only while no loss reaches it.
        used_chain: The user's lines that first used it, likewise.
        copied_from: Positions of the parameters whose values were written into it (a target network, an average).
        scale: Root mean square of its values as a loss first met it; -1 where it was not measured.
    """

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
class Module:
    """A module, with all parameters of it and its children.

    Attributes:
        name: Name as the user would write it, `qwen.embedder.layers.0`.
        type: Its class.
        depth: Levels below its root; 0 for a root.
        parameters: `[n]` int, positions of its and its children's parameters in `Record.parameters`.
        counts: How often any of its parameters had a gradient.
    """

    name: str
    type: str
    depth: int
    parameters: NDArray[np.intp]
    counts: GradientCounts


@dataclass(frozen=True, slots=True)
class Optimizer:
    """An optimizer that stepped.

    Attributes:
        number: Its number in the record.
        type: Its class.
        built: Where it was built; None where that was not seen.
        steps: Steps it took.
        settings: Its defaults as far as they are numbers, booleans or text.
    """

    number: int
    type: str
    built: Site | None
    steps: int
    settings: Mapping[str, float | int | bool | str | None]


@dataclass(frozen=True, slots=True)
class Steps:
    """The recorded steps in columns, oldest first; older rows are buckets of several steps.

    Attributes:
        index: `[rows]` int64, number of the (last) step of the row.
        span: `[rows]` int64, how many steps the row stands for.
        time: `[rows]` float64, end of the step, seconds since the epoch.
        seconds: `[rows]` float64, duration in seconds, mean over the span.
        norms: `[rows, parameters]` float32, L2 norm of each parameter's gradient as its optimizer consumed it, unscaled by
            AMP; `gradprobe.values.step.NO_GRADIENT` (-1) or `NOT_LOOKED_AT` (-2) where there is no norm.
        lowest: `[rows, parameters]` float32, smallest norm within the span; the same array as `norms` where nothing is thinned.
        highest: `[rows, parameters]` float32, largest norm within the span, likewise.
        learning_rates: `[rows, groups]` float64.
        pattern: `[rows]` int64, position of the row's calls in `Record.patterns`; -1 where they were not kept.
    """

    index: NDArray[np.int64]
    span: NDArray[np.int64]
    time: NDArray[np.float64]
    seconds: NDArray[np.float64]
    norms: NDArray[np.float32]
    lowest: NDArray[np.float32]
    highest: NDArray[np.float32]
    learning_rates: NDArray[np.float64]
    pattern: NDArray[np.int64]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.index)


@dataclass(frozen=True, slots=True)
class Metric:
    """A loss or logged metric.

    Attributes:
        name: Its name.
        source: `loss` (seen at a `backward()`), `log` (given to `gradprobe.log`), `gradprobe` (measured by the recorder), or the framework
            or tracker it was given to: `transformers`, `lightning`, `tensorboard`, `wandb`, `mlflow`.
        steps: `[n]` int64.
        values: `[n]` float64; NaN and infinity are values.
        lowest: `[n]` float64, lowest value within the steps that a row stands for; the same array as `values` where nothing is thinned.
        highest: `[n]` float64, highest value, likewise.
    """

    name: str
    source: str
    steps: NDArray[np.int64]
    values: NDArray[np.float64]
    lowest: NDArray[np.float64]
    highest: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CallSeen:
    """A call, with the steps it was seen in."""

    call: Call
    first_step: int
    last_step: int
    count: int


@dataclass(frozen=True, slots=True)
class IncidentSeen:
    """An incident, with the steps it was seen in (the same one at the same place is kept once and counted)."""

    incident: Incident
    first_step: int
    last_step: int
    count: int


@dataclass(frozen=True, slots=True)
class ObservationSeen:
    """An observation, with the steps it was made in."""

    observed: Observed
    first_step: int
    last_step: int
    count: int


@dataclass(frozen=True, slots=True)
class Record:
    """One rank's record of one run.

    Attributes:
        path: The record's file.
        facts: How the run went (`policy` is filled in by the engine).
        parameters: Every parameter seen.
        modules: Every module seen, in the order of the model, parents before children.
        optimizers: Every optimizer that stepped, by number.
        groups: For each parameter group (the columns of `Steps.learning_rates`), the number of its optimizer.
        steps: The steps in columns.
        metrics: Losses and metrics by name, in the order they were first seen.
        calls: Every different call.
        patterns: Orders of calls within a step, as positions in `calls`.
        incidents: What happened out of the ordinary, in order.
        observations: What deep steps and the recorder's books saw, in the order in which it was first seen.
        accounts: What deep steps know of a parameter, by its position.
        deep: The deep steps as ranges, first and last; of very many the first and the newest.
        update_ratios: By root module, `[n]` int64 deep steps and `[n]` float64 norm of the update divided by norm of the weights,
            from samples of the parameters.
        sharded: Of how many parts a parameter is, by its position, where ranks hold parts of it.
        ranks: All processes of the run, held against each other; None where there is one.
        others: Records of processes that saw other things happen than this one: one of each kind, of very many kinds some.
    """

    path: Path
    facts: RunFacts
    parameters: tuple[Parameter, ...]
    modules: tuple[Module, ...]
    optimizers: tuple[Optimizer, ...]
    groups: tuple[int, ...]
    steps: Steps
    metrics: Mapping[str, Metric]
    calls: tuple[CallSeen, ...]
    patterns: tuple[tuple[int, ...], ...]
    incidents: tuple[IncidentSeen, ...]
    observations: tuple[ObservationSeen, ...] = ()
    accounts: Mapping[int, Account] = field(default_factory=dict)
    deep: tuple[tuple[int, int], ...] = ()
    update_ratios: Mapping[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = field(default_factory=dict)
    sharded: Mapping[int, int] = field(default_factory=dict)
    ranks: Ranks | None = None
    others: tuple[Record, ...] = ()

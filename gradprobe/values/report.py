"""Everything a format needs to show a run."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from gradprobe.values.finding import Allowed, Finding
from gradprobe.values.flag import Flag
from gradprobe.values.rank import RankRow
from gradprobe.values.series import Series
from gradprobe.values.way import Way


class Verdict(str, Enum):
    """The run as a whole: `red` with an error or a red flag, `warning` with a warning or an amber flag."""

    HEALTHY = "healthy"
    WARNING = "warning"
    RED = "red"


class Trend(str, Enum):
    """Which way a metric goes; `unclear` where the data do not tell."""

    DOWN = "down"
    FLAT = "flat"
    UP = "up"
    UNCLEAR = "unclear"


class ModuleState(str, Enum):
    """What the gradients of a module did over the run.

    `no gradient` is `severed` where deep steps saw its values reach a loss and its gradient end on the way, and `unused`
    where they saw it in no loss at all.
    """

    FLOWS = "flows"
    VANISHED = "vanished"
    ZERO = "zero"
    NO_GRADIENT = "no gradient"
    SEVERED = "severed"
    UNUSED = "unused"
    FROZEN = "frozen"
    NON_FINITE = "non-finite"
    NOT_STEPPED = "not stepped"


@dataclass(frozen=True, slots=True)
class RunFacts:
    """Where, when and how a run went.

    Attributes:
        script: The program as it was named; `-m module` for a module.
        argv: Its arguments.
        steps: Training steps recorded.
        deep_steps: How many of them were followed in depth.
        ranks: Processes that recorded.
        device: Device of the parameters, `cuda:0`; empty where none was seen.
        torch: Version of torch; empty where the script never imported it.
        python: Version of Python.
        started: Start, ISO 8601 in UTC.
        seconds: Duration of the recorded program.
        exit_code: Exit code of the script; None while it runs, or where it was killed.
        exception: `Type: text` of the exception that ended it.
        stopped_by: `script`, `max-batches`, `exception`, `signal`; None while it runs, or where it was killed.
        path: The run directory.
        policy: Name of the policy it was judged by; in a record, the name or file that the user chose, if any.
        host: Name of the machine; empty where it is not known.
        pid: Process that recorded; 0 where it is not known.
        rank: Rank of the process that is shown.
        world: Processes of its job, as it knew; as many as `ranks` where all recorded.
        is_gone: Whether it ended without ending its record, killed for instance; known on its own machine alone.
        unfit: Packages of versions that gradprobe's adapters do not fit, each with the reason.
    """

    script: str
    argv: tuple[str, ...]
    steps: int
    deep_steps: int
    ranks: int
    device: str
    torch: str
    python: str
    started: str
    seconds: float
    exit_code: int | None
    exception: str | None
    stopped_by: str | None
    path: str
    policy: str
    host: str = ""
    pid: int = 0
    is_gone: bool = False
    unfit: tuple[str, ...] = ()
    rank: int = 0
    world: int = 1
    tracked: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class ModuleHealth:
    """One row of the health table.

    Norms are L2 norms over all parameters of the module and its children, unscaled by AMP; None where the module never
    had a gradient.

    Attributes:
        name: The name the user would write: `qwen.embedder.layers.0`.
        type: Class of the module; empty where unknown.
        depth: Levels below its root; 0 for a root.
        parameters: Parameter tensors in it and its children.
        elements: Their number of elements.
        trainable: How many of the tensors require a gradient.
        last: Norm in the newest step in which it had one.
        median: Median norm over the steps in which it had one.
        smallest: Smallest norm.
        largest: Largest norm.
        steps_with_gradient: Steps in which some parameter had a gradient that is not zero.
        steps_with_zero_gradient: Steps in which gradients were there and all zero.
        steps_without_gradient: Steps in which an optimizer stepped and no parameter had a gradient.
        state: What this comes to.
        series: Up to 60 norms evenly spaced over the run, None where there was no gradient, for a sparkline.
    """

    name: str
    type: str
    depth: int
    parameters: int
    elements: int
    trainable: int
    last: float | None
    median: float | None
    smallest: float | None
    largest: float | None
    steps_with_gradient: int
    steps_with_zero_gradient: int
    steps_without_gradient: int
    state: ModuleState
    series: tuple[float | None, ...] = ()


@dataclass(frozen=True, slots=True)
class MetricTrend:
    """A loss or logged metric over the run.

    Attributes:
        name: Its name.
        first: First value.
        last: Last value.
        trend: Which way it goes, by a robust test.
        series: Up to 60 values evenly spaced over the run.
    """

    name: str
    first: float
    last: float
    trend: Trend
    series: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckRun:
    """A check that ran over the record, whether it found something or not.

    Attributes:
        name: Name of the check.
        code: Its code.
        error: `Type: text` of the exception that ended it before it was through; empty where it ran to its end.
    """

    name: str
    code: str
    error: str = ""


@dataclass(frozen=True, slots=True)
class Report:
    """A judged run, ready for any format.

    Attributes:
        gradprobe: Version that judged it.
        run: Where, when and how it went.
        verdict: The whole in one word.
        flags: The policy, line by line.
        findings: Causes, the root cause first.
        modules: The health table, in the order of the model, parents before children.
        metrics: Losses and logged metrics.
        not_seen: What this run cannot tell, in sentences.
        allowed: Findings that the user said are meant.
        checks: The checks that ran, ordered by code; those that were not selected are absent.
        ways: For each loss, what its gradient reaches and where it ends.
        series: What there is to draw; None where nobody asked for it, or there is no step.
        ranks: How each process went, by rank; empty where there was one alone.
    """

    gradprobe: str
    run: RunFacts
    verdict: Verdict
    flags: tuple[Flag, ...]
    findings: tuple[Finding, ...]
    modules: tuple[ModuleHealth, ...]
    metrics: tuple[MetricTrend, ...]
    not_seen: tuple[str, ...] = ()
    allowed: tuple[Allowed, ...] = ()
    checks: tuple[CheckRun, ...] = ()
    ways: tuple[Way, ...] = ()
    series: Series | None = None
    ranks: tuple[RankRow, ...] = ()

    def _repr_html_(self) -> str:
        """Return the report for a notebook."""
        from gradprobe.display import as_frame

        return as_frame(self)

"""What changed between runs, ready for any format."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.values.finding import Finding, Severity
    from gradprobe.values.flag import Flag
    from gradprobe.values.report import RunFacts, Trend, Verdict


class Effect(str, Enum):
    """Which way a change goes; `change` is neither good nor bad."""

    REGRESSION = "regression"
    IMPROVEMENT = "improvement"
    CHANGE = "change"


class ChangeKind(str, Enum):
    """What a change is about."""

    ENDING = "ending"
    FINDING = "finding"
    FLAG = "flag"
    GRADIENT = "gradient"
    PARAMETERS = "parameters"
    NORM = "norm"
    LOSS = "loss"
    METRIC = "metric"
    STEP_TIME = "step time"


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        kind: What it is about.
        effect: Which way it goes.
        severity: How bad a regression is, for the gate; `info` for everything else.
        subject: What changed: a check, a flag, a module, a metric.
        text: What happened, in one sentence.
        base: What it was, in a few words.
        new: What it is, in a few words.
        also: What changed along with it and is not listed by itself: names of modules and parameters; of a finding, sentences.
        finding: The finding that is new or gone.
    """

    kind: ChangeKind
    effect: Effect
    severity: Severity
    subject: str
    text: str
    base: str
    new: str
    also: tuple[str, ...] = ()
    finding: Finding | None = None


@dataclass(frozen=True, slots=True)
class ComparedRun:
    """A side of the comparison.

    Attributes:
        name: The run as the user named it.
        source: `record` or `report`; a report holds less.
        run: Where, when and how it went.
        verdict: What it was judged.
    """

    name: str
    source: str
    run: RunFacts
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class NormRow:
    """A module's gradient norm on both sides, over the steps that were compared.

    Attributes:
        module: Its name.
        depth: Levels below its root.
        base: Median norm of the baseline, the middle one of several; None where it cannot be told.
        new: Median norm of the new run, likewise.
        decades: log10 of new / base; None where one of them is None or zero.
        spread: Standard deviation of the baseline's median, in decades.
        threshold: How many decades are too many.
        moved: Whether it is further off than that.
    """

    module: str
    depth: int
    base: float | None
    new: float | None
    decades: float | None
    spread: float | None
    threshold: float | None
    moved: bool


@dataclass(frozen=True, slots=True)
class MetricRow:
    """A loss or metric on both sides, over the steps that were compared.

    Attributes:
        name: Its name.
        is_loss: Whether it is a loss, of which less is better.
        base_first: Where it began in the baseline (median of the first eighth), the middle one of several.
        base_last: Where it ended there (median of the last quarter), likewise.
        new_first: Where it began in the new run.
        new_last: Where it ended there.
        base_trend: Which way it went in the baseline; unclear where several differ.
        new_trend: Which way it goes in the new run.
        threshold: How far the two ends may lie apart; None where the spread is not known.
        moved: Whether they lie further apart.
    """

    name: str
    is_loss: bool
    base_first: float
    base_last: float
    new_first: float
    new_last: float
    base_trend: Trend
    new_trend: Trend
    threshold: float | None
    moved: bool


@dataclass(frozen=True, slots=True)
class StepTime:
    """Duration of a step on both sides.

    Attributes:
        base: Median in seconds, the middle one of several baselines.
        new: Median in seconds.
        threshold: The ratio new / base that is too much.
        seconds: Seconds that the steps took that were compared, in the run in which they took least.
    """

    base: float
    new: float
    threshold: float
    seconds: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """What changed between one or several baselines and a new run.

    Attributes:
        gradprobe: Version that compared them.
        baselines: The runs that are the measure; at least one.
        new: The run that is measured.
        steps: Steps from the first that all of them have.
        warm_up: The first of these steps, left out of norms and durations.
        changes: What is not as it was: regressions first, the worst of them first, then improvements, then the rest.
        unchanged: Findings that were there before: no regressions, but no less true.
        unchanged_flags: Flags that are red or amber and were so before.
        norms: Gradient norms of the modules that both sides have, in the order of the model.
        metrics: Losses and metrics that both sides have.
        step_time: Duration of a step; None where it says nothing (another device, too few steps, a report).
        notes: What was not compared, and why, in sentences.
    """

    gradprobe: str
    baselines: tuple[ComparedRun, ...]
    new: ComparedRun
    steps: int
    warm_up: int
    changes: tuple[Change, ...]
    unchanged: tuple[Finding, ...]
    unchanged_flags: tuple[Flag, ...]
    norms: tuple[NormRow, ...]
    metrics: tuple[MetricRow, ...]
    step_time: StepTime | None
    notes: tuple[str, ...] = ()

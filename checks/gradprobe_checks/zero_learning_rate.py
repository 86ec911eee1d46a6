"""zero-learning-rate (GP406).

## What it does

Finds optimizers whose learning rate is zero, or becomes zero (or less than a millionth of what it was), while training goes
on: a schedule that is over too early, a factor of zero, an integer division in the schedule's function, an optimizer built
with a rate of zero that nobody raises. It names the scheduler, the assignment to `group["lr"]`, or the optimizer.

It is an error where the rate is zero in all steps, or from the first half of the run to its end, in at least 5 steps in which
there were gradients; a warning from a fifth of the run on, and where the rate is only next to nothing.

It stays quiet about warm-up from zero, about cycles, and about schedules that reach zero in their last period: the last
epoch of a schedule by epochs, the last steps of one by steps. A group with a rate of zero beside others is taken as meant; where
the others have three different rates or more, as computed layer by layer, and it is zero in all steps, it is a warning.

## Why is this bad

The optimizer steps and changes nothing. The loss goes on at its level, and looks converged.

## Example

```python
scheduler = StepLR(optimizer, step_size=4, gamma=0)     # named: zero from the fifth epoch on; "no schedule" is gamma=1
```

## Fix

Give the schedule the true number of steps or epochs, use a factor between 0 and 1 (1 for none), divide with `/` instead of `//`.

## Known problems

A rate that is a tensor on a device is not read, and not judged.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, SchedulerStep, Severity
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.provenance import counted, listed, modules_of
from gradprobe_checks.rate_words import loads_of_zero, schedulers_of, words_for
from gradprobe_checks.scheduler_misuse import misused

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Optimizer, Record

LEAST_STEPS: Final = 5
"""Steps with a rate of zero below which nothing is said."""
LEAST_SHARE: Final = 0.2
"""Share of the optimizer's steps from which it is a warning."""
HALF: Final = 0.5
"""Share from which it is an error."""
NEXT_TO_NOTHING: Final = 1e-6
"""Share of the highest rate that counts as nothing."""
LADDER: Final = 3
"""Different rates of other groups from which they are taken as computed."""


@dataclass(frozen=True, slots=True)
class _Phase:
    """The time in which a rate is nothing, up to the end of the run.

    Attributes:
        begins: First step of it.
        steps: Its steps.
        of: Steps of the optimizer.
        highest: Highest rate in the run; 0 if it was never anything.
        newest: The rate at the end.
        scheduled: Calls of a scheduler's `step()` within it.
        before: Steps that the last rate before it was in force.
    """

    begins: int
    steps: int
    of: int
    highest: float
    newest: float
    scheduled: int
    before: int

    @property
    def share(self) -> float:
        """Its share of the optimizer's steps."""
        return self.steps / max(self.of, 1)


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose rate is nothing while training goes on."""
    told = misused(record)
    for optimizer in record.optimizers:
        if optimizer.number in told:
            continue  # scheduler-misuse says why.
        columns = [column for column, number in enumerate(record.groups) if number == optimizer.number]
        rates = record.steps.learning_rates[:, columns]
        stepped: NDArray[np.bool_] = np.any(~np.isnan(rates), axis=1)
        if not stepped.any():
            continue
        phase = _phase(record, np.nan_to_num(rates, nan=-1.0).max(axis=1), stepped)
        if phase is not None and _has_gradients(record, optimizer.number, phase.begins):
            severity = _severity(record, optimizer, phase)
            if severity is not None:
                yield _finding(record, optimizer, phase, severity)
        elif phase is None and record.facts.stopped_by == "script" and int(stepped.sum()) >= LEAST_STEPS:
            yield from _ladder(record, optimizer, _silent_groups(rates[stepped], columns))


def _phase(record: Record, rates: NDArray[np.float64], stepped: NDArray[np.bool_]) -> _Phase | None:
    """Return the time in which it is nothing, if it is so at the end."""
    rows = np.flatnonzero(stepped)
    highest = float(rates[rows].max())
    nothing = rates[rows] <= NEXT_TO_NOTHING * highest
    if not nothing[-1]:
        return None
    living = np.flatnonzero(~nothing)
    first = int(living[-1]) + 1 if len(living) else 0
    spans = record.steps.span[rows]
    before = 0
    for place in living[::-1].tolist():
        if rates[rows[place]] != rates[rows[living[-1]]]:
            break
        before += int(spans[place])
    return _Phase(
        begins=int(record.steps.index[rows[first]] - record.steps.span[rows[first]] + 1),
        steps=int(spans[first:].sum()),
        of=int(spans.sum()),
        highest=highest,
        newest=float(rates[rows[-1]]),
        scheduled=_scheduled(record, rows[first:]),
        before=before,
    )


def _scheduled(record: Record, rows: NDArray[np.intp]) -> int:
    """Return how often a scheduler was stepped in some rows."""
    total = 0
    for row in rows.tolist():
        pattern = int(record.steps.pattern[row])
        if pattern >= 0:
            calls = record.patterns[pattern]
            total += sum(isinstance(record.calls[position].call, SchedulerStep) for position in calls)
    return total


def _has_gradients(record: Record, number: int, since: int) -> bool:
    return any(one.optimizer == number and one.counts.last_flowing >= since for one in record.parameters)


def _severity(record: Record, optimizer: Optimizer, phase: _Phase) -> Severity | None:
    """Return how bad it is; None where it is as it should be."""
    built = schedulers_of(record, optimizer.number)
    if phase.steps < LEAST_STEPS or phase.share < LEAST_SHARE:
        return None
    if phase.highest == 0.0:
        is_waiting = bool(built) and phase.scheduled < 2 and record.facts.stopped_by != "script"
        return Severity.INFO if is_waiting else Severity.ERROR
    if built and phase.scheduled < 2:
        return None  # The last epoch of a schedule that ends with it.
    if not built and phase.steps <= 1.5 * phase.before:
        return None  # Likewise, by hand.
    others = any(
        one.counts.last_flowing >= phase.begins and one.optimizer not in (None, optimizer.number)
        for one in record.parameters
    )
    if not built and others and not loads_of_zero(record, optimizer.number):
        return Severity.INFO  # Set by hand while others train: a phase of its own.
    return Severity.ERROR if phase.newest == 0.0 and phase.share >= HALF else Severity.WARNING


def _finding(record: Record, optimizer: Optimizer, phase: _Phase, severity: Severity) -> Finding:
    words = words_for(record, optimizer, was_anything=phase.highest > 0.0)
    mine = {position for position, one in enumerate(record.parameters) if one.optimizer == optimizer.number}
    modules = modules_of(record, mine)
    nothing = "zero" if phase.newest == 0.0 else f"next to nothing ({phase.newest:.1e})"
    if phase.highest == 0.0:
        title = f"the learning rate of {optimizer.type} is zero"
        what = f"The learning rate was zero in all {counted(phase.of, 'step')}, so {listed(modules)} never moved."
    else:
        title = f"the learning rate of {optimizer.type} becomes {nothing} while training goes on"
        what = (
            f"The learning rate is {nothing} from step {phase.begins} on (it was {phase.highest:.2g}), and training goes on for "
            f"{counted(phase.steps, 'step')} that change nothing."
        )
    related = (*words.related, *optimizer_sites(record, [optimizer.number]))
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN if severity is Severity.ERROR else Confidence.LIKELY,
        title=title,
        message=f"{words.how} {what}",
        fix=words.fix,
        not_this="training longer: steps with a learning rate of zero change nothing, however many there are",
        location=words.location,
        first_step=phase.begins,
        last_step=phase.begins + phase.steps - 1,
        related=tuple(one for one in related if one.site != words.location),
        modules=modules,
        parameters=tuple(record.parameters[position].name for position in sorted(mine)),
        evidence={"steps_at_zero": phase.steps, "steps": phase.of, "highest_rate": phase.highest},
    )


def _silent_groups(rates: NDArray[np.float64], columns: Sequence[int]) -> list[int]:
    """Return the columns of groups whose rate is zero in every step, beside a ladder of other rates."""
    highest = np.nan_to_num(rates, nan=0.0).max(axis=0)
    others = {round(float(rate), 12) for rate in highest if rate > 0.0}
    return [columns[place] for place in np.flatnonzero(highest == 0.0).tolist()] if len(others) >= LADDER else []


def _ladder(record: Record, optimizer: Optimizer, silent: Sequence[int]) -> Iterator[Finding]:
    """Yield a finding about groups that are silent beside a ladder of rates."""
    mine = {
        position
        for position, one in enumerate(record.parameters)
        if one.optimizer == optimizer.number and one.group in silent and one.counts.flowing
    }
    if not mine:
        return
    modules = modules_of(record, mine)
    yield Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"the learning rate of {listed(modules)} is zero",
        message=f"{counted(len(silent), 'parameter group')} of {optimizer.type} had a learning rate of zero in every step, beside groups "
        f"with a ladder of rates: {listed(modules)} had gradients and never moved. A rate that is computed layer by layer may have been "
        "rounded to zero.",
        fix="look at how the rates are computed: round() or // may make zero of a small rate; to keep a part as it is, freeze it with "
        "requires_grad_(False)",
        not_this="a larger rate for the other groups: these stay where they are",
        location=optimizer.built,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=tuple(one for one in optimizer_sites(record, [optimizer.number]) if one.site != optimizer.built),
        modules=modules,
        parameters=tuple(record.parameters[position].name for position in sorted(mine)),
        evidence={"groups_at_zero": len(silent)},
    )


CHECK: Final = Check(name="zero-learning-rate", code="GP406", find=find, page=__doc__ or "")

"""scheduler-misuse (GP411).

## What it does

Finds learning-rate schedulers that are stepped at the wrong time: before the optimizer's first step, so that the first
value of the schedule is skipped; with every batch though their unit is the epoch, so that the learning rate collapses within the
first part of the run; once an epoch though they are as long as the training is in batches (one-cycle, cosine), so that it never gets
beyond the warm-up. And schedulers that drive an optimizer which has been replaced by another one with the same parameters, or that
wait for a loss to rise (`ReduceLROnPlateau(mode="max")`).

The first is what torch itself warns of, and a warning here. The second is a warning where the rate of a scheduler that decays for ever
(StepLR, MultiStepLR, ExponentialLR) fell to a hundredth or less in the first quarter of the run and stayed there. Schedules that are
meant per batch (one-cycle, cosine, warm-up) end low at the end of the run, and are let be.

## Why is this bad

What is left of the run trains with a learning rate that moves nothing.

## Example

```python
for batch in batches:
    loss = model(batch).mean()
    loss.backward()
    optimizer.step()
    scheduler.step()          # named: StepLR(optimizer, step_size=5) counts batches here
```

## Fix

Call `scheduler.step()` after `optimizer.step()`, once an epoch for schedules that are counted in epochs.

## Known problems

The end of a schedule that is meant to be long over is not told apart from one that came too early.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/optim.html#how-to-adjust-learning-rate>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.text.figures import metric as figure
from gradprobe.values import Confidence, Finding, OptimizerStep, RelatedSite, SchedulerStep, Severity, Warned
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.schedule_faults import Fault, faults

if TYPE_CHECKING:
    from gradprobe.record.record import CallSeen, Record

DECAYS: Final = frozenset({"StepLR", "MultiStepLR", "ExponentialLR", "MultiplicativeLR"})
"""Schedulers whose rate only ever falls, by a factor at a time, and never ends."""
COLLAPSED: Final = 0.01
"""Share of the highest learning rate that counts as collapsed."""
EARLY: Final = 0.25
"""Share of the run within which it collapses."""
LEAST_STEPS: Final = 12
"""Steps of a run from which that share is long enough to speak of."""
BEFORE: Final = "`lr_scheduler.step()` before `optimizer.step()`"


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each scheduler that is stepped at the wrong time."""
    schedulers = [seen for seen in record.calls if isinstance(seen.call, SchedulerStep)]
    warned = False
    for seen in record.incidents:
        if isinstance(seen.incident, Warned) and BEFORE in seen.incident.message and not warned:
            called = [
                one
                for one in schedulers
                if one.call.site == seen.incident.site
                and one.last_step > one.first_step  # Else it skips ahead, to resume.
            ]
            warned = bool(called) and not any(_was_skipped(record))
            if warned:
                yield _too_early(record, called[0])
    for fault in faults(record):
        yield _of_fault(record, fault)
    for one in schedulers:
        collapse = _collapse(record, one)
        if collapse is not None:
            yield collapse


def misused(record: Record) -> set[int]:
    """Return the numbers of the optimizers whose rate is what it is because of a misuse."""
    found = {fault.optimizer for fault in faults(record)}
    for seen in record.calls:
        if isinstance(seen.call, SchedulerStep) and _collapse(record, seen) is not None:
            found |= set(record.groups)
    return found


def _of_fault(record: Record, fault: Fault) -> Finding:
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=fault.title,
        message=fault.message,
        fix=fault.fix,
        not_this=fault.not_this,
        location=fault.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=tuple(one for one in fault.related if one.site != fault.site),
        evidence={"steps": record.facts.steps},
    )


def _was_skipped(record: Record) -> Iterator[bool]:
    """Yield for each step that a gradient scaler left out: torch then warns although the order is right."""
    return (True for seen in record.incidents if type(seen.incident).__name__ == "StepSkipped")


def _too_early(record: Record, seen: CallSeen) -> Finding:
    kind = seen.call.scheduler if isinstance(seen.call, SchedulerStep) else "scheduler"
    steps = [one for one in record.calls if isinstance(one.call, OptimizerStep)]
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="scheduler.step() comes before the first optimizer.step()",
        message=f"{kind}.step() was called before the optimizer had taken any step, which torch warned of: the first value of the learning "
        "rate schedule is skipped, and every later one comes one unit too early.",
        fix="call scheduler.step() after optimizer.step(): at the end of the epoch, or of the batch, that it counts",
        not_this="silencing the warning: the first learning rate of the schedule stays unused",
        location=seen.call.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(*(RelatedSite(one.call.site, "optimizer step") for one in steps),),
        evidence={"scheduler_steps": seen.count},
    )


def _collapse(record: Record, seen: CallSeen) -> Finding | None:
    """Return a finding where a rate collapsed early under a scheduler that steps with every batch."""
    call = seen.call
    total = record.facts.steps
    if not isinstance(call, SchedulerStep) or call.scheduler not in DECAYS or total < LEAST_STEPS:
        return None
    if seen.count < 0.9 * total:  # Not with every batch.
        return None
    for column, optimizer in enumerate(record.groups):
        rates = record.steps.learning_rates[:, column]
        if not len(rates) or not (rates > 0).any():
            continue
        highest = float(rates.max())
        low = rates <= COLLAPSED * highest * (1 + 1e-9)
        if not low[-1]:
            continue
        high = [place for place in range(len(rates)) if not low[place]]
        begins = int(record.steps.index[high[-1]]) + 1
        if begins > EARLY * total:
            continue
        return Finding(
            check=CHECK.name,
            code=CHECK.code,
            severity=Severity.WARNING,
            confidence=Confidence.LIKELY,
            title=f"the learning rate collapses: {call.scheduler} is stepped with every batch",
            message=f"{call.scheduler}.step() was called {seen.count} times in {total} steps, once for each batch, and the learning rate "
            f"fell from {figure(highest)} to {figure(float(rates[-1]))}. It was below a hundredth from step {begins} on, and the "
            f"{total - begins} steps since hardly trained anything.",
            fix="call scheduler.step() once for each epoch, after its batches, or give its step_size, milestones or gamma in batches",
            not_this="a larger learning rate to begin with: it decays as fast",
            location=call.site,
            first_step=begins,
            last_step=total - 1,
            related=optimizer_sites(record, [optimizer]),
            evidence={
                "scheduler_steps": seen.count,
                "steps": total,
                "highest_rate": highest,
                "last_rate": float(rates[-1]),
            },
        )
    return None


CHECK: Final = Check(name="scheduler-misuse", code="GP411", find=find, page=__doc__ or "")

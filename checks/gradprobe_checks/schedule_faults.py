"""Schedulers that do not do what they were built for: counted in another unit, driving another optimizer, waiting for the wrong turn."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from gradprobe.text.figures import metric as figure
from gradprobe.values import OptimizerStep, RelatedSite, SchedulerStep
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import CallSeen, Record
    from gradprobe.values import Observation, Site

LENGTHS: Final = {"OneCycleLR": "total_steps", "CosineAnnealingLR": "T_max"}
"""Schedulers that have a length, and its name."""
ALIKE: Final = 0.1
"""Relative difference up to which a schedule is as long as the training is in steps."""
FEW: Final = 0.5
"""Share of that length up to which a schedule was hardly begun."""
LEAST: Final = 3
"""Calls of `scheduler.step()` from which something is said."""
PLATEAU: Final = "plateau_metric"
"""The metric that `ReduceLROnPlateau.step` was given."""
CLOSE: Final = 3.0
"""Factor between such a metric and the training loss up to which it is a loss itself."""
FALL: Final = 0.8
"""Share of its first value to which it falls."""


class Fault(NamedTuple):
    """A scheduler's fault: the optimizer that it concerns, the line to edit, and what to say."""

    optimizer: int
    site: Site | None
    title: str
    message: str
    fix: str
    not_this: str
    related: tuple[RelatedSite, ...]


def faults(record: Record) -> Iterator[Fault]:
    """Yield the faults of schedulers."""
    built = [one for one, _ in observations(record, "scheduler-built")]
    for one in built:
        same = [other for other in built if other.detail["class"] == one.detail["class"]]
        calls = [seen for seen in record.calls if _is_step_of(seen, one)]
        if len(same) == 1 and sum(seen.count for seen in calls) >= LEAST:
            for find in (_in_another_unit, _of_another_optimizer, _wrong_turn):
                found = find(record, one, calls)
                if found is not None:
                    yield found
                    break


def _is_step_of(seen: CallSeen, built: Observation) -> bool:
    return isinstance(seen.call, SchedulerStep) and seen.call.scheduler == built.detail["class"]


def _in_another_unit(record: Record, built: Observation, calls: list[CallSeen]) -> Fault | None:
    """Return the fault of a schedule that is as long as training is in steps, and is stepped far less often."""
    name, number = str(built.detail["class"]), int(built.detail["optimizer"] or 0)
    argument = LENGTHS.get(name, "")
    length = built.detail.get(argument)
    steps = next((one.steps for one in record.optimizers if one.number == number), 0)
    if not isinstance(length, (int, float)) or record.facts.stopped_by != "script" or steps < 4 * LEAST:
        return None
    called = sum(seen.count for seen in calls)
    if abs(length - steps) > ALIKE * steps or called > FEW * length:
        return None
    return Fault(
        number,
        calls[0].call.site,
        f"{name} is counted in batches and stepped once an epoch",
        f"{name} is built for {argument}={length:g} steps, and the optimizer takes {steps}, one for each batch; but scheduler.step() was "
        f"called {called} times. Training ends after {called / length:.0%} of the schedule: the learning rate never gets to its end.",
        f"call scheduler.step() after every optimizer.step(), within the loop over batches, or build it with {argument}=epochs",
        "a larger highest rate: the schedule is cut off at its beginning all the same",
        (RelatedSite(built.site, "scheduler built here"), *optimizer_sites(record, [number])),
    )


def _of_another_optimizer(record: Record, built: Observation, calls: list[CallSeen]) -> Fault | None:
    """Return the fault of a scheduler that goes on with an optimizer that steps no longer, while another one trains without one."""
    name, number = str(built.detail["class"]), int(built.detail["optimizer"] or 0)
    newest = max((seen.last_step for seen in record.calls if _steps(seen, number)), default=-1)
    since = sum(_times_after(record, newest, position) for position, seen in enumerate(record.calls) if seen in calls)
    driven = {one.detail["optimizer"] for one, _ in observations(record, "scheduler-built")}
    shared = built.detail.get("shared_with")
    other = next((one for one in record.optimizers if one.number == shared and one.number not in driven), None)
    if other is None or since <= LEAST:
        return None
    if not any(_steps(seen, other.number) and seen.last_step > newest for seen in record.calls):
        return None
    what = f"has taken no step since step {newest}" if newest >= 0 else "never takes a step"
    return Fault(
        other.number,
        other.built or built.site,
        f"{name} drives an optimizer that steps no longer"
        if newest >= 0
        else f"{name} drives an optimizer that never steps",
        f"The optimizer that {name} was built with {what}, and scheduler.step() was called {since} times since then. The {other.type} that "
        f"trains instead has no scheduler: its learning rate stays as it was built.",
        "build the scheduler anew for the optimizer that is built here, or add the parameters to the old one (add_param_group)",
        "calling scheduler.step() more often: it sets the rate of an optimizer that nobody steps",
        (
            RelatedSite(built.site, "scheduler built here"),
            *(RelatedSite(seen.call.site, "scheduler step") for seen in calls),
        ),
    )


def _steps(seen: CallSeen, number: int) -> bool:
    return isinstance(seen.call, OptimizerStep) and seen.call.optimizer == number


def _times_after(record: Record, step: int, position: int) -> int:
    """Return how often a call was made in the steps after one."""
    later = record.steps.pattern[record.steps.index > step].tolist()
    return sum(list(record.patterns[pattern]).count(position) for pattern in later if pattern >= 0)


def _wrong_turn(record: Record, built: Observation, calls: list[CallSeen]) -> Fault | None:
    """Return the fault of a plateau that waits for a loss to rise."""
    if built.detail["class"] != "ReduceLROnPlateau" or built.detail.get("mode") != "max":
        return None
    number = int(built.detail["optimizer"] or 0)
    given = record.metrics.get(PLATEAU)
    if given is None or len(given.values) <= LEAST:
        return None
    values = np.asarray(given.values, np.float64)
    losses = _losses_before(record, np.asarray(given.steps))
    if losses is None or not np.isfinite(values).all() or not (values > 0).all() or not (losses > 0).all():
        return None
    is_loss = bool((np.maximum(values / losses, losses / values) < CLOSE).all())
    if not is_loss or values[-1] > FALL * values[0] or losses[-1] > FALL * losses[0] or values.max() > 1.05 * values[0]:
        return None
    rates = record.steps.learning_rates[:, [column for column, one in enumerate(record.groups) if one == number]]
    if not rates.size or not np.nanmin(rates) < 0.5 * np.nanmax(rates):
        return None
    return Fault(
        number,
        built.site,
        "ReduceLROnPlateau waits for a loss to rise (mode='max')",
        f"With mode='max' the scheduler takes a metric that falls for one that gets worse. What it is given falls with the training "
        f"loss, from {figure(float(values[0]))} to {figure(float(values[-1]))}, and so the learning rate was reduced from "
        f"{figure(float(np.nanmax(rates)))} to {figure(float(np.nanmin(rates)))} while training improved.",
        "mode='min' for a loss or an error; mode='max' is for an accuracy or a score, of which more is better",
        "more patience: it reduces the rate later, for the same wrong reason",
        tuple(RelatedSite(seen.call.site, "scheduler step") for seen in calls),
    )


def _losses_before(record: Record, steps: NDArray[np.int64]) -> NDArray[np.float64] | None:
    """Return the mean of the training loss between the steps in which the scheduler was given a metric."""
    losses = [one for one in record.metrics.values() if one.source == "loss"]
    if len(losses) != 1:
        return None
    places = np.searchsorted(losses[0].steps, steps, side="right")
    begins = np.concatenate([[0], places[:-1]])
    if not (places > begins).all():
        return None
    values = np.asarray(losses[0].values, np.float64)
    return np.array([values[begin:end].mean() for begin, end in zip(begins, places, strict=True)])

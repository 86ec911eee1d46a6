"""dead-units (GP305).

## What it does

Finds hidden layers behind a ReLU (or `relu6`, `clamp(min=0)`, `threshold`) none of whose units is on for any input, and stay
so: the gradient of everything before them is exactly zero. Deep steps see that all units are off, and why: with what bias,
on what input; the gradients of every step tell since when.

The line that is named is the one that turned them off: where the bias was set to a large negative number, where input that lies far
from zero on one side comes from, or, where the layer was alive and died, where the optimizer was built: one step was too large.

It is an error where the gradients have been exactly zero in each of the newest 10 steps or more, and a warning from 5. It
stays quiet where some unit is on for some input (sparse codes, some dead units), about leaky activations, and about hinges
(`relu(1 - margin)`) in the loss itself.

## Why is this bad

A unit that is off passes no gradient on. Where all of a layer are off, nothing before it trains, and since the layer itself does not
move either, they do not come back.

## Example

```python
optimizer = torch.optim.SGD(model.parameters(), lr=0.5)   # named: the first step throws every unit below zero
```

## Fix

Lower the learning rate or clip the gradient norm; normalise the input; give the bias its default. A `LeakyReLU` keeps a little gradient.

## Known problems

On a device other than the host the cause is not looked for, and the line of the ReLU is named where the layer never was alive.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.ReLU.html>
- Dying ReLU: <https://arxiv.org/abs/1903.06733>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe.values.step import NOT_LOOKED_AT
from gradprobe_checks import zero_initialised_pair
from gradprobe_checks.endings import ends_non_finite
from gradprobe_checks.provenance import counted, listed, modules_of, names_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation, Site

ERROR_STEPS: Final = 10
"""Newest steps with a gradient of exactly zero from which it is an error."""
WARNING_STEPS: Final = 5
"""The same for a warning."""


@dataclass(frozen=True, slots=True)
class _Dead:
    """A layer that is off, with the parameters whose gradient has been zero since then, and how many steps that is."""

    observation: Observation
    layer: int
    behind: frozenset[int]
    steps: int
    since: int


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each layer that is off and holds back the gradient of what is before it."""
    if ends_non_finite(record):
        return  # Units that are off are the least of it.
    accounted = {name for one in zero_initialised_pair.find(record) for name in one.parameters}
    told: set[int] = set()
    dead = [one for observation, _ in observations(record, "units-off") if (one := _dead(record, observation))]
    # The layer that died first is the cause of those that followed; of several, the one nearest the input.
    for one in sorted(dead, key=lambda each: (each.since, len(each.behind))):
        if one.behind & told:
            continue
        whole = set(one.behind).union(*(other.behind for other in dead if other.behind & one.behind))
        told |= whole
        if not set(names_of(record, one.behind)) <= accounted:
            yield _finding(record, one, whole)


def _dead(record: Record, observation: Observation) -> _Dead | None:
    detail = observation.detail
    positions = {one.name: position for position, one in enumerate(record.parameters)}
    layer = positions.get(str(detail["layer"]))
    if layer is None or not detail["hidden"] or int(detail["off_since"] or 0) < 0:
        return None
    tails = {
        positions[name]: zero_tail(record, positions[name]) for name in observation.parameters if name in positions
    }
    behind = frozenset(position for position, steps in tails.items() if steps >= WARNING_STEPS)
    if layer not in behind:
        return None
    steps = tails[layer]
    since = max(record.facts.steps - steps, 0)
    return _Dead(observation, layer, behind, steps, since)


def zero_tail(record: Record, position: int) -> int:
    """Return in how many of its newest steps a parameter's gradient was exactly zero, without one in between that was not."""
    due = record.steps.norms[:, position] != NOT_LOOKED_AT
    highest, spans = record.steps.highest[due, position], record.steps.span[due]
    other = np.flatnonzero(highest != 0.0)
    return int(spans[other[-1] + 1 :].sum() if len(other) else spans.sum())


def _why(record: Record, dead: _Dead) -> tuple[str, str, Site]:
    """Return what turned the units off, what to do, and the line to edit."""
    observation, detail = dead.observation, dead.observation.detail
    parameter = record.parameters[dead.layer]
    set_here = next((end.site for end in observation.related if end.role == "set here"), None)
    if parameter.counts.flowing:
        optimizer = None if parameter.optimizer is None else record.optimizers[parameter.optimizer]
        rate = None if optimizer is None else optimizer.settings.get("lr")
        return (
            f"They were alive until step {dead.since}: an update that was too large (lr={rate}) threw them below zero.",
            "lower the learning rate (by a factor of 10 to begin with), warm it up, or clip the gradient norm; normalise the data",
            observation.site if optimizer is None or optimizer.built is None else optimizer.built,
        )
    if detail["cause"] == "bias" and set_here is not None:
        return (
            f"The bias, {float(detail['bias'] or 0):.3g} on average, outweighs everything that is added to it.",
            "give the bias its default, or a value that leaves some units on for some inputs",
            set_here,
        )
    if detail["cause"] == "input" and set_here is not None:
        return (
            f"The input of the layer is not normalised: its mean is {float(detail['mean'] or 0):.3g}, its standard deviation "
            f"{float(detail['deviation'] or 0):.2g}, so all sums have the same sign.",
            "normalise the input (subtract the mean, divide by the standard deviation), or put a BatchNorm or LayerNorm before the layer",
            set_here,
        )
    return (
        "No unit was on in any step that was looked at.",
        "look at the layer's initialisation and at the scale of its input; a BatchNorm or LayerNorm before the ReLU keeps units on",
        set_here or observation.site,
    )


def _finding(record: Record, dead: _Dead, whole: set[int]) -> Finding:
    why, fix, location = _why(record, dead)
    observation = dead.observation
    enough = dead.steps >= ERROR_STEPS
    name = record.parameters[dead.layer].module or record.parameters[dead.layer].name
    ends = (RelatedSite(observation.site, "all units are off here"), *observation.related)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if enough else Severity.WARNING,
        confidence=Confidence.CERTAIN if enough else Confidence.LIKELY,
        title=f"dead units: every {observation.detail['operation']} unit after {name} is off for every input",
        message=f"All units of {name} are off, the output of the ReLU is zero for all inputs, and the gradient of "
        f"{counted(len(whole), 'parameter')} of {listed(modules_of(record, whole))} has been exactly zero in the newest "
        f"{counted(dead.steps, 'step')}: dead ReLUs do not recover. {why}",
        fix=f"{fix}; a LeakyReLU or GELU keeps a little gradient where units are off",
        not_this="training longer, or a larger learning rate: a gradient of zero moves nothing",
        location=location,
        first_step=dead.since,
        last_step=max(record.facts.steps - 1, 0),
        related=tuple(end for end in dict.fromkeys(ends) if end.site != location),
        modules=modules_of(record, whole),
        parameters=names_of(record, whole),
        evidence={"steps_with_zero_gradient": dead.steps, "cause": str(observation.detail["cause"])},
    )


CHECK: Final = Check(name="dead-units", code="GP305", find=find, page=__doc__ or "")

"""vanishing-gradient (GP306).

## What it does

Finds models whose gradient falls by orders of magnitude on its way through many layers or time steps, so that the weights far from
the loss do not learn: in every step, what the optimizer makes of their gradient is at the most a hundred-thousandth of their
values, and less than a ten-thousandth of what the weights near the loss learn. The way is open (it is not *severed-gradient*),
and the weights near the loss do learn (it is not the end of training, nor a small loss).

The line that is named is the one where weights on the way were given small values, where there is one, else the one where most
of the layers or squashing activations (sigmoid, tanh, a recurrent cell) of the way run.

It is an error where the change is below what float32 can hold beside the values (6e-8) in each of 20 steps or more, else a
warning, and nothing before 5 steps.

## Why is this bad

The first layers stay as they were initialised: the last ones learn from random features of the input, or from a state that
has forgotten it.

## Example

```python
layers = [m for _ in range(14) for m in (nn.Linear(32, 32), nn.Sigmoid())]
features = nn.Sequential(*layers)      # a sigmoid passes on a quarter of the gradient at the most: 4e-9 after 14
```

## Fix

ReLU or GELU instead of sigmoid or tanh; residual connections; LayerNorm or BatchNorm; an initialisation that keeps the variance
(kaiming, xavier, orthogonal for recurrences); LSTM or GRU, or attention, over long times.

## Known problems

What runs within one operation (`nn.LSTM`, compiled parts, custom functions) has no depth that could be seen. Optimizers that
normalise by the gradient's size (Adam) make up for it until gradients are as small as their epsilon; before that nothing is said.

## Options

None.

## References

- Glorot and Bengio, 2010: <https://proceedings.mlr.press/v9/glorot10a.html>
- Pascanu, Mikolov and Bengio, 2013: <https://arxiv.org/abs/1211.5063>
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.learning import relative_updates
from gradprobe_checks.provenance import counted, listed, names_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation, Site

LEAST_STEPS: Final = 5
"""Steps before anything is said."""
ERROR_STEPS: Final = 20
"""Steps from which it may be an error."""
STILL: Final = 1e-5
"""Largest change a step, in proportion to the values, of a weight that is said not to learn."""
LOST: Final = 2.0**-24
"""The same for an error: half of a float32's last place."""
LEARNS: Final = 1e-5
"""Least median change a step of the weights near the loss: they learn."""
FALL: Final = 1e-4
"""How much less than these the others change, at the most."""
LEAST_WAY: Final = 6
"""Layers and activations on the way to the farthest weight."""
STEEPEST: Final = 0.1
"""Fall over one layer or activation that counts: what falls further at once (a zero-initialised head) is no matter of depth."""
GROWTH: Final = 10.0
"""Growth of a gradient over the run from which it is on its way: the last layers are learning to use the first."""


@dataclass(frozen=True, slots=True)
class _Fall:
    """How the gradient of one loss falls: which weights it does not reach in size, how little they change, and what learns."""

    observation: Observation
    still: tuple[int, ...]
    far: int
    learns: int
    largest: float
    ratio: float
    steps: int


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each way on which a gradient vanishes."""
    told: set[int] = set()
    for observation, _ in observations(record, "depths"):
        fall = _fall(record, observation)
        if fall is not None and not told.issuperset(fall.still):
            told.update(fall.still)
            yield _finding(record, fall)


def _fall(record: Record, observation: Observation) -> _Fall | None:
    detail = observation.detail
    if int(detail["steps"] or 0) < LEAST_WAY:
        return None
    positions = {one.name: position for position, one in enumerate(record.parameters)}
    depths = [int(depth) for depth in str(detail["depths"]).split()]
    known = [
        (positions[name], depth)
        for name, depth in zip(observation.parameters, depths, strict=False)
        if name in positions
    ]
    with np.errstate(invalid="ignore"):
        updates = {position: relative_updates(record, position) for position, _ in known}
    seen = {position: rows[np.isfinite(rows)] for position, rows in updates.items()}
    seen = {
        position: rows
        for position, rows in seen.items()
        if len(rows) >= LEAST_STEPS and not _was_missing(record, position)
    }
    if len(seen) < 2:
        return None
    learns = max(seen, key=lambda position: float(np.median(seen[position])))
    reference, nearest = float(np.median(seen[learns])), dict(known)[learns]
    limit = min(STILL, FALL * reference * min(1.0, float(detail["constant"] or 1.0)))
    still = tuple(
        position
        for position, depth in known
        if position in seen and depth >= nearest + LEAST_WAY - 1 and float(seen[position].max()) <= limit
    )
    if reference < LEARNS or not still or still[0] != known[0][0] or not _same_optimizer(record, still[0], learns):
        return None
    # Beyond the farthest that still changes at all, the gradient is too small for float32.
    far = next((position for position in still if float(seen[position].max()) > 0), None)
    if far is None or not _is_gradual(record, known, far, learns) or _is_growing(record, far):
        return None
    steps = int(record.steps.span[np.isfinite(updates[far])].sum())
    ratio = _gradient(record, far) / max(_gradient(record, learns), 1e-300)
    return _Fall(observation, still, far, learns, float(seen[far].max()), ratio, steps)


def _was_missing(record: Record, position: int) -> bool:
    counts = record.parameters[position].counts
    return counts.none > 0 or counts.non_finite > 0


def _is_gradual(record: Record, known: list[tuple[int, int]], far: int, near: int) -> bool:
    """Return whether gradients fall from weight to weight, and not at one place."""
    by_depth: dict[int, float] = {}
    for position, depth in known:
        by_depth[depth] = max(by_depth.get(depth, 0.0), _gradient(record, position))
    last, end = dict(known)[near], dict(known)[far]
    total, before = 1.0, by_depth[last]
    for depth in sorted(by_depth):
        if last < depth <= end:
            total *= min(max(by_depth[depth] / max(before, 1e-300), STEEPEST ** (depth - last)), 1.0)
            before, last = by_depth[depth], depth
    return 0.0 < total <= FALL * 10


def _is_growing(record: Record, position: int) -> bool:
    """Return whether a gradient was zero at first, or has grown by much since."""
    norms = record.steps.norms[:, position]
    norms = norms[norms >= 0]
    third = max(len(norms) // 3, 1)
    first, last = float(np.median(norms[:third])), float(np.median(norms[-third:]))
    return bool((norms == 0).any()) or last > GROWTH * first


def _same_optimizer(record: Record, one: int, other: int) -> bool:
    return record.parameters[one].optimizer == record.parameters[other].optimizer


def _gradient(record: Record, position: int) -> float:
    """Return the median over the rows of the root mean square of a parameter's gradient."""
    norms = record.steps.norms[:, position]
    return float(np.median(norms[norms >= 0])) / math.sqrt(max(record.parameters[position].elements, 1))


def _why(observation: Observation) -> tuple[str, str, Site]:
    """Return what makes the gradient fall, what to do, and the line to edit."""
    detail = observation.detail
    set_here = next((end.site for end in observation.related if end.role == "set here"), None)
    way = f"{detail['steps']} layers and activations"
    if set_here is not None:
        return (
            f"On the way of {way} weights are initialised so small that each layer passes on a fraction of what it is given (gain "
            f"{float(detail['gain'] or 0):.2g}, where 1 keeps the variance).",
            "initialise them so that the variance is kept (kaiming_normal_, xavier_uniform_, orthogonal_), or add residual connections "
            "or LayerNorm",
            set_here,
        )
    squash = str(detail["squash"])
    if "cell" in squash or (squash and int(detail["here"] or 0) > 1):
        what = f"{detail['squashes']} times through {squash}"
        return (
            f"The way to them leads {what}, each of which passes on a fraction of the gradient.",
            "use an LSTM or GRU cell, attention or a skip connection over time, and an orthogonal recurrent matrix"
            if "cell" in squash
            else "use ReLU or GELU in place of " + squash + ", or add residual connections and LayerNorm or BatchNorm",
            observation.site,
        )
    return (
        f"The way to them is {way} long.",
        "add residual connections and LayerNorm or BatchNorm, and initialise so that the variance is kept (kaiming, xavier, orthogonal)",
        observation.site,
    )


def _finding(record: Record, fall: _Fall) -> Finding:
    why, fix, location = _why(fall.observation)
    far, near = record.parameters[fall.far].name, record.parameters[fall.learns].name
    is_lost = fall.largest <= LOST and fall.steps >= ERROR_STEPS
    held = (record.parameters[position] for position in fall.still)
    modules = tuple(dict.fromkeys(one.module or one.name for one in held))  # From the farthest on.
    ends = (RelatedSite(fall.observation.site, "runs here"), *fall.observation.related)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if is_lost else Severity.WARNING,
        confidence=Confidence.CERTAIN if is_lost else Confidence.LIKELY,
        title=f"the gradient vanishes on its way to {listed(modules)}",
        message=f"The gradient of {far} is {fall.ratio:.1g} times that of {near}: it vanishes with depth, and no step changed {far} by "
        f"more than {fall.largest:.1g} of its values in {counted(fall.steps, 'step')} ({counted(len(fall.still), 'weight')} like it): "
        f"the early layers do not learn. {why}",
        fix=fix,
        not_this="a larger learning rate: what the last layers can bear is orders of magnitude too little for the first",
        location=location,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=tuple(end for end in dict.fromkeys(ends) if end.site != location),
        modules=modules,
        parameters=names_of(record, fall.still),
        evidence={
            "ratio": fall.ratio,
            "largest_change": fall.largest,
            "way": int(fall.observation.detail["steps"] or 0),
        },
    )


CHECK: Final = Check(name="vanishing-gradient", code="GP306", find=find, page=__doc__ or "")

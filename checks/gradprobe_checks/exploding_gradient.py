"""exploding-gradient (GP307).

## What it does

Finds runs in which gradients and losses grow until they are infinite or NaN (or, in a run that ends before, by a thousandfold): an
optimizer was given gradients whose step is ten times as large as the weights themselves or larger, or the loss grew by a
thousandfold, or the first forward already overflowed in an ordinary product. It is then the growth that is the cause, and the operation
at which a NaN was born only where it ended.

The line that is named is the one that gave weights too large values for the depth or the time they are applied over, else the line
that runs on its own result again and again (a recurrence, a rollout, a stack of layers) where gradients were that large from the
first step, else the one that builds the optimizer: its learning rate is too high.

It is an error where the run ends with losses or gradients that are not finite, a warning where they have merely grown. It stays quiet
about gradients that are large and bring no such step (normalising optimizers, clipped gradients, large losses that fall), about
spikes that pass, and where another mistake accounts for the growth (gradients never cleared, clipping after the step, a scaler
that is used wrongly).

## Why is this bad

One step of that size throws away what was learned; the next gradient is larger still, until the weights are NaN, and nothing recovers.

## Example

```python
self.w = nn.Parameter(torch.randn(n_in, n_out))       # named: 48 inputs of variance 1 give a gain of 7 a layer
for layer in layers:
    x = torch.relu(x @ layer.w)                       # 7 ** 8: six million, and the gradient grows as much
```

## Fix

An initialisation that keeps the variance (kaiming, xavier; orthogonal with gain 1 for recurrences), `clip_grad_norm_` between backward and
step, a lower learning rate or a warm-up, LayerNorm, shorter rollouts (truncated backpropagation through time), smaller time steps.

## Known problems

Where the operations of the model are hidden (compiled parts, custom functions, `nn.LSTM`), the optimizer is named.

## Options

None.

## References

- Pascanu, Mikolov and Bengio, 2013: <https://arxiv.org/abs/1211.5063>
- <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks import clip_before_unscale, clip_without_effect, missing_zero_grad
from gradprobe_checks.endings import ends_non_finite
from gradprobe_checks.learning import ADAPTIVE, relative_updates
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.low_precision_epsilon import accounts_for
from gradprobe_checks.missing_scaler_update import is_misused
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import observations
from gradprobe_checks.scale_collapse import is_collapsed

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Optimizer, Parameter, Record
    from gradprobe.values import Observation, Site

OVERSHOOT: Final = 10.0
"""Step, in proportion to the weights' values, from which it throws them away."""
OVERSHOOT_AT_SINGULARITY: Final = 1e3
"""The same where a value that is not finite was born at a singular point (a log, a root, a division)."""
NEWEST: Final = 10
"""Rows before the first that is not finite in which such a step counts."""
GROWTH: Final = 1e3
"""How much larger the last finite loss is than the smallest before it, where training explodes."""
LARGE_GAIN: Final = 1.45
"""Gain of a weight above which it is too large for a deep stack; kaiming's for a ReLU is 1.41."""
RECURRENT_GAIN: Final = 1.1
"""The same for a weight that is applied again and again."""
RECURRENT: Final = 8
"""Uses in one loss from which a weight is called recurrent."""
LEAST_DEPTH: Final = 4
"""Layers on the way from which it is a matter of depth."""
SINGULAR: Final = frozenset(
    {"log", "sqrt", "div", "__truediv__", "division", "pow", "rsqrt", "reciprocal", "std", "norm", "acos", "asin"}
)
"""Operations with a point at which they or their derivatives are not finite."""
STEEP: Final = 1e6
"""Growth of values on the way to a loss, by the gain of its weights, from which an overflow of a square or a sum is put down to it."""
POWERS: Final = frozenset(
    {"pow", "__pow__", "square", "mse_loss", "sum", "mean", "mul", "__mul__", "exp", "var", "std", "norm"}
)
"""Operations that overflow where what they are given is too large."""
PRODUCTS: Final = frozenset(
    {"linear", "matmul", "__matmul__", "mm", "bmm", "addmm", "einsum", "conv1d", "conv2d", "conv3d"}
)
"""Operations that are not finite for finite arguments only where they overflow."""


@dataclass(frozen=True, slots=True)
class _Explosion:
    """What shows that training explodes.

    Attributes:
        lost: Whether it ends with what is not finite.
        step: First step that is not finite, or the newest.
        largest: The largest step in proportion to a weight; 0.0 where none is known.
        weight: The parameter that took it.
        at_once: Whether it was that large in the first step.
        losses: The smallest finite loss and the last; None where they did not grow.
        overflow: Where a product overflowed in the first step.
    """

    lost: bool
    step: int
    largest: float
    weight: Parameter | None
    at_once: bool
    losses: tuple[float, float] | None
    overflow: Site | None


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding if training explodes and nothing else accounts for it."""
    explosion = _explosion(record)
    if explosion is not None and not _is_accounted_for(record):
        yield _finding(record, explosion)


def _is_accounted_for(record: Record) -> bool:
    """Return whether another mistake makes gradients grow."""
    if is_collapsed(record) or is_misused(record):
        return True
    others = (missing_zero_grad, clip_without_effect, clip_before_unscale)
    if any(one.severity is not Severity.INFO for other in others for one in other.CHECK.find(record)):
        return True
    return any(
        observation.detail["operation"] == "data" or accounts_for(record, observation.site)
        for observation, _ in observations(record, "non-finite-born")
    )


def _explosion(record: Record) -> _Explosion | None:
    lost = ends_non_finite(record)
    finite = _finite_rows(record)
    updates = _largest_updates(record, finite)
    largest, weight = max(updates.values(), key=lambda one: one[0], default=(0.0, None))
    losses, overflow = _grown_losses(record, lost), _overflow(record) if lost else None
    threw = largest >= (OVERSHOOT_AT_SINGULARITY if _is_born_at_singularity(record) else OVERSHOOT)
    if not (threw or losses is not None or overflow is not None) or (not lost and not (threw and losses is not None)):
        return None
    first = updates.get(0)
    at_once = overflow is not None or (first is not None and first[0] >= OVERSHOOT)
    step = int(record.steps.index[finite]) if lost and finite < len(record.steps) else max(record.facts.steps - 1, 0)
    return _Explosion(lost, step, largest, weight, at_once, losses, overflow)


def _finite_rows(record: Record) -> int:
    """Return how many rows there are before the first with a gradient that is not finite."""
    bad = np.flatnonzero((~np.isfinite(record.steps.highest)).any(axis=1))
    return int(bad[0]) if len(bad) else len(record.steps)


def _largest_updates(record: Record, rows: int) -> dict[int, tuple[float, Parameter | None]]:
    """Return for each of the first rows the largest step in proportion to a weight, and the weight."""
    found: dict[int, tuple[float, Parameter | None]] = {}
    for position, parameter in enumerate(record.parameters):
        if len(parameter.shape) < 2 or parameter.optimizer is None:
            continue
        if record.optimizers[parameter.optimizer].type in ADAPTIVE:
            continue
        with np.errstate(invalid="ignore", over="ignore"):
            steps: NDArray[np.float64] = relative_updates(record, position)[:rows]
        for row in np.flatnonzero(np.isfinite(steps)).tolist():
            if 0 < row < rows - NEWEST:
                continue
            if steps[row] > found.get(row, (0.0, None))[0]:
                found[row] = (float(steps[row]), parameter)
    return found


def _grown_losses(record: Record, lost: bool) -> tuple[float, float] | None:
    """Return the smallest loss and the last finite one, if that is a thousandfold."""
    for metric in record.metrics.values():
        finite = np.abs(metric.values[np.isfinite(metric.values)])
        if metric.source != "loss" or len(finite) < 2:
            continue
        last = float(finite[-1]) if lost else float(np.median(finite[-3:]))
        if last > GROWTH * max(float(finite[:-1].min()), 1e-12) and last > GROWTH * 1e-3:
            return float(finite[:-1].min()), last
    return None


def _is_born_at_singularity(record: Record) -> bool:
    return any(
        observation.detail["how"] == "backward" or observation.detail["operation"] in SINGULAR
        for observation, _ in observations(record, "non-finite-born")
        if observation.detail["order"] == 0
    )


def _overflow(record: Record) -> Site | None:
    """Return where a product of finite values overflowed before any step was taken."""
    for observation, seen in observations(record, "non-finite-born"):
        detail = observation.detail
        operations = PRODUCTS | POWERS if _is_steep(record) else PRODUCTS
        is_seen = detail["how"] == "forward" and detail.get("seen", False) and not detail.get("half", False)
        if seen.first_step == 0 and is_seen and detail["operation"] in operations:
            return observation.site
    return None


def _is_steep(record: Record) -> bool:
    """Return whether weights that the script chose make values a million times as large on their way to a loss."""
    return any(
        float(depths.detail.get("large_gain") or 0) ** min(int(depths.detail["steps"] or 0), 100) > STEEP
        for depths, _ in observations(record, "depths")
    )


def _cause(
    record: Record, explosion: _Explosion, optimizer: Optimizer | None
) -> tuple[str, str, Site | None, Confidence]:
    """Return what makes it grow, what to do, the line to edit, and how sure that is."""
    for depths, _ in observations(record, "depths"):
        detail = depths.detail
        gain, uses, repeats = (
            float(detail.get("large_gain") or 0),
            int(detail.get("uses") or 0),
            int(detail.get("repeats") or 0),
        )
        large, line = _end(depths, "set large here"), _end(depths, "repeated here")
        is_recurrent = uses >= RECURRENT
        is_deep = is_recurrent or max(int(detail["steps"] or 0), repeats) >= LEAST_DEPTH
        if large is not None and is_deep and gain > (RECURRENT_GAIN if is_recurrent else LARGE_GAIN):
            how = f"{uses} times in a row" if is_recurrent else f"over {max(int(detail['steps'] or 0), repeats)} layers"
            return (
                f"The weights that are set here have a gain of {gain:.2g} (1 keeps the size of what they are given), {how}.",
                "initialise them so that the variance is kept (kaiming_normal_, xavier_uniform_, orthogonal_ with gain 1), and clip the "
                "gradient norm before the step",
                large,
                Confidence.CERTAIN,
            )
        if line is not None and explosion.at_once:
            return (
                f"This line runs about {repeats} times on its own result, and values and gradients grow with each.",
                "clip the gradient norm (clip_grad_norm_) before the step, shorten the recurrence or rollout (or its time step), cut it "
                "with detach(), or normalise the state (LayerNorm)",
                line,
                Confidence.CERTAIN,
            )
    rate = None if optimizer is None else optimizer.settings.get("lr")
    return (
        f"The learning rate (lr={rate}) is too high for these gradients: each step makes the next gradient larger.",
        "lower the learning rate, by a factor of 10 to begin with; normalise inputs and targets; clip the gradient norm before the step",
        None if optimizer is None else optimizer.built,
        Confidence.LIKELY,
    )


def _end(observation: Observation, role: str) -> Site | None:
    return next((end.site for end in observation.related if end.role == role), None)


def _evidence(explosion: _Explosion) -> str:
    if explosion.weight is not None and explosion.largest >= OVERSHOOT:
        when = "in the first step already" if explosion.at_once else f"by step {explosion.step}"
        return f"The gradient of {explosion.weight.name} makes a step {explosion.largest:.2g} times as large as its values {when}"
    if explosion.losses is not None:
        return f"The loss grows from {explosion.losses[0]:.3g} to {explosion.losses[1]:.3g}"
    return "Finite values overflow in the first forward"


def _finding(record: Record, explosion: _Explosion) -> Finding:
    owner = explosion.weight.optimizer if explosion.weight is not None else None
    optimizer = record.optimizers[owner or 0] if record.optimizers else None
    why, fix, location, confidence = _cause(record, explosion, optimizer)
    end = (
        f"losses or gradients are NaN or infinite from step {explosion.step} on"
        if explosion.lost
        else "the loss ends far above where it was"
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if explosion.lost else Severity.WARNING,
        confidence=confidence if explosion.lost else Confidence.LIKELY,
        title="gradients explode: they grow until losses are infinite or NaN",
        message=f"{_evidence(explosion)}, and {end}: training diverges. {why}{hidden_in_log(record)}",
        fix=fix,
        not_this="skipping the batch, or nan_to_num: the weights are lost already",
        location=location,
        first_step=0 if explosion.at_once else max(explosion.step - 1, 0),
        last_step=max(record.facts.steps - 1, 0),
        related=backward_sites(record)
        + (() if explosion.overflow is None else (RelatedSite(explosion.overflow, "overflows here"),)),
        parameters=() if explosion.weight is None else (explosion.weight.name,),
        evidence={"largest_step": explosion.largest, "first_non_finite_step": explosion.step if explosion.lost else -1},
    )


CHECK: Final = Check(name="exploding-gradient", code="GP307", find=find, page=__doc__ or "")

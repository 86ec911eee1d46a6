"""non-finite-origin (GP302).

## What it does

Names the line at which a NaN or an infinity is born that then shows in a loss or in a gradient: the logarithm of 0, a
square root at exactly 0 (finite in the forward, infinite in the backward), a division by 0, an overflow, or data that
holds such values. In deep steps each operation that can bear one is looked at; in all others, on the host, what the graph of the
loss has saved at such operations is looked at before backward runs.

It is an error where the loss or a gradient stays so to the end of the run, for then the weights are lost; a warning where an
optimizer stepped with such a gradient and the run recovered. Where nothing but growth was seen before (losses and norms
rise by orders of magnitude), the learning rate is named. It stays quiet about -inf in masks, and about a gradient
scaler that is still looking for its scale.

## Why is this bad

An optimizer that steps with NaN writes NaN into the weights, and from there it reaches everything.

## Example

```python
distance = (a - b).pow(2).sum(1).sqrt()      # named: at distance 0 the derivative is infinite
```

## Fix

Keep the argument away from the singular point (`(x + 1e-9).sqrt()`, `clamp(min=...)`), use the stable function
(`log_softmax` for `log(softmax)`), and guard divisions by counts that may be 0.

## Known problems

On a device other than the host only deep steps are looked at. Skipping the batch, or `nan_to_num`, hides the cause.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.low_precision_epsilon import accounts_for
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site

TAIL: Final = 3
"""Newest losses that must all be non-finite for a run to have ended so."""
GROWTH: Final = 1e3
"""How much larger the last finite loss is than the smallest, where training exploded."""
SOFTMAXES: Final = frozenset({"softmax", "log_softmax", "scaled_dot_product_attention", "multi_head_attention_forward"})
FIXES: Final = {
    "sqrt": "add a small epsilon inside: (x + 1e-9).sqrt(), because the derivative of sqrt at zero is infinite",
    "log": "use log_softmax for log(softmax(x)), or clamp(min=1e-12) before the log: the log of 0 is -inf",
    "division": "guard the division: the divisor is 0 (an empty mask, a count of none): clamp(min=1) it, or skip the term",
    "div": "guard the division: the divisor is 0 (an empty mask, a std of equal values): clamp(min=...) it",
    "exp": "keep the exponent small: clamp(max=...) it, or use a stable function (logsumexp, softplus)",
    "data": "look at the data: drop or impute what is NaN or infinite before it enters the model",
    "std": "add an epsilon: the derivative of std is infinite where all values are equal",
    "pow": "keep the base away from zero: the derivative of x ** p at 0 is infinite for p < 1; or it overflows",
}


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the line at which a value that is not finite was born."""
    for observation, seen in observations(record, "non-finite-born"):
        if observation.detail["operation"] not in SOFTMAXES and observation.detail["order"] == 0:
            if accounts_for(record, observation.site):
                return  # low-precision-epsilon names what was to prevent it.
            yield _finding(record, observation, seen)
            return
    if not any(True for _ in observations(record, "non-finite-born")) and ends_non_finite(record) and _exploded(record):
        yield _explosion(record)


def ends_non_finite(record: Record) -> bool:
    """Return whether a loss, or a gradient, is not finite in the newest steps."""
    losses = [one.values[-TAIL:] for one in record.metrics.values() if one.source == "loss" and len(one.values)]
    if any(not np.isfinite(values).any() for values in losses):
        return True
    norms = record.steps.norms[-TAIL:]
    return len(norms) > 0 and bool((~np.isfinite(norms)).any(axis=1).all())


def _exploded(record: Record) -> bool:
    for metric in record.metrics.values():
        finite = np.abs(metric.values[np.isfinite(metric.values)])
        if metric.source == "loss" and len(finite) > 1 and finite[-1] > GROWTH * max(finite.min(), 1e-12):
            return True
    return False


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    operation, how = str(observation.detail["operation"]), str(observation.detail["how"])
    lost = ends_non_finite(record)
    if operation == "data":
        what = "Data that comes in here holds NaN or infinite values"
    elif how == "backward":
        what = f"The derivative of {operation} here is infinite or NaN: what it was given lies exactly at a singular point, zero"
    else:
        what = f"{operation} gives NaN or inf here of finite values: its argument lies where it has no finite value, such as 0"
    end = "and nothing recovers from it" if lost else "which an optimizer stepped with"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if lost else Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"NaN is born here: {operation}",
        message=f"{what}. It shows in the loss or the gradient in step {seen.first_step}, {end}.",
        fix=FIXES.get(
            operation, f"keep the argument of {operation} where it is defined: an epsilon, a clamp, a stable form"
        ),
        not_this="skipping the batch, or nan_to_num: it hides the cause, and the weights may be NaN already",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, seen.first_step),
        related=observation.related,
        parameters=(),
        evidence={"operation": operation, "born_in": how},
    )


def _explosion(record: Record) -> Finding:
    site: Site | None = next((one.built for one in record.optimizers if one.built is not None), None)
    rate = next((one.settings.get("lr") for one in record.optimizers), None)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.LIKELY,
        title="training explodes: losses grow until they are infinite or NaN",
        message=f"The loss grows by orders of magnitude from step to step until it is not finite; no operation was seen at a "
        f"singular point. The learning rate (lr={rate}) is too high for these gradients.",
        fix="lower the learning rate, by a factor of 10 to begin with; normalise the inputs; clip the gradient norm",
        not_this="skipping the batch, or nan_to_num: the weights are lost already",
        location=site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
    )


CHECK: Final = Check(name="non-finite-origin", code="GP302", find=find, page=__doc__ or "")

"""non-finite-gradient (GP301).

## What it does

Finds parameters whose gradient is NaN or infinite and stays so: in every one of their newest steps, at least 3 of
them, up to the end of the run. It names the parameter that was first, and the step.

It is an error where a loss is NaN or infinite in every step after that, for then the weights are lost. It is a
warning where the loss is finite.

A gradient scaler that is still looking for its scale makes such gradients on purpose, some 16 steps of them at most
(from 65,536 down to 1); where a scaler is in use and the loss is finite, fewer than 20 such steps are not reported.

## Why is this bad

An optimizer that steps with NaN writes NaN into the weights, and from there it reaches everything.

## Example

```python
loss = torch.log(probability).mean()   # -inf where a probability is 0; its gradient is inf or NaN
loss.backward()
optimizer.step()
```

## Fix

Look at the first step: a logarithm, square root, norm or division at 0; an empty mask; an overflow in float16; a
learning rate that is too large. Run that step under `torch.autograd.set_detect_anomaly(True)` to get the line of the
operation.

Skipping the batch, or replacing NaN by 0, hides it: the weights may be NaN already.

## Known problems

Where several parameters turn in the same step, which of them was first within that step cannot be told.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/amp_examples.html>
- <https://docs.pytorch.org/docs/stable/autograd.html#anomaly-detection>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, ScalerCall, Severity
from gradprobe.values.step import NOT_LOOKED_AT
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.places import backward_sites

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from gradprobe.record.record import Record

LEAST_STEPS: Final = 3
"""Steps in a row, up to the newest, before anything is said."""
SCALER_STEPS: Final = 20
"""The same while a gradient scaler may be looking for its scale: halving 65,536 down to 1 takes 16 steps."""


@dataclass(frozen=True, slots=True)
class _Tail:
    """A parameter that is not finite in its newest rows: how many, and in which step that began."""

    parameter: int
    rows: int
    since: int


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for all parameters whose gradient has become and stayed NaN or infinite."""
    tails = [tail for parameter in range(len(record.parameters)) if (tail := _tail(record, parameter))]
    if not tails:
        return
    since = min(tail.since for tail in tails)
    lost = _lost_losses(record, since)
    if not lost and _has_scaler(record):
        tails = [tail for tail in tails if tail.rows >= SCALER_STEPS]
    if tails:
        yield _finding(record, tails, lost)


def _tail(record: Record, parameter: int) -> _Tail | None:
    norms: NDArray[np.float32] = record.steps.norms[:, parameter]
    due = np.flatnonzero(norms != NOT_LOOKED_AT)
    finite = np.isfinite(norms[due])
    last_finite = np.flatnonzero(finite)
    rows = due[last_finite[-1] + 1 :] if len(last_finite) else due
    if len(rows) < LEAST_STEPS:
        return None
    return _Tail(parameter, len(rows), int(record.steps.index[rows[0]]))


def _lost_losses(record: Record, since: int) -> list[str]:
    """Return the losses that are not finite in any later step; a loss of the same step was made before its gradient."""
    return [
        metric.name
        for metric in record.metrics.values()
        if metric.source == "loss" and _all_non_finite(metric.values[metric.steps > since])
    ]


def _all_non_finite(values: NDArray[np.float64]) -> bool:
    return len(values) > 0 and not bool(np.isfinite(values).any())


def _has_scaler(record: Record) -> bool:
    return any(isinstance(seen.call, ScalerCall) for seen in record.calls)


def _finding(record: Record, tails: Sequence[_Tail], lost: Sequence[str]) -> Finding:
    tails = sorted(tails, key=lambda tail: tail.since)
    since = tails[0].since
    names = [record.parameters[tail.parameter].name for tail in tails]
    others = sum(1 for tail in tails if tail.since == since) - 1
    first = f"{names[0]} (with {others} more in the same step)" if others else names[0]
    after = f"{lost[0]} is not finite in any step after that." if lost else "The loss is still finite."
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if lost else Severity.WARNING,
        confidence=Confidence.CERTAIN if lost else Confidence.LIKELY,
        title=f"gradients are NaN or infinite from step {since} on",
        message=f"The first was the gradient of {first}, in step {since}; since then it has never been finite again. "
        f"{after} The line cannot be named: the record holds gradient norms, not the operation that made them."
        f"{hidden_in_log(record)}",
        fix=f"look at step {since} for a log, sqrt, norm or division at 0, an empty mask, a float16 overflow or too "
        "large a learning rate; torch.autograd.set_detect_anomaly(True) names the operation",
        not_this="skipping the batch or replacing NaN by 0: the weights may be NaN already",
        location=None,
        first_step=since,
        last_step=int(record.steps.index[-1]),
        related=backward_sites(record),
        modules=tuple(dict.fromkeys(record.parameters[tail.parameter].module for tail in tails)),
        parameters=tuple(names),
        evidence={"parameters": len(tails), "steps": max(tail.rows for tail in tails)},
    )


CHECK: Final = Check(name="non-finite-gradient", code="GP301", find=find, page=__doc__ or "", is_symptom=True)

"""broadcast-loss (GP604).

## What it does

Finds losses in which `n` values and `n` targets of different dimensions, `[n, 1]` against `[n]`, were broadcast to all `n x n` pairs,
which were then averaged or summed into the loss that is backpropagated. It rests on the shapes, and on what became of
the pairs: it stays quiet where a dimension was added for them on purpose (pairwise distances), where they are weighted or
masked pair by pair, and where the mean of the pairs is the same as without them.

It is an error where a loss function of torch or a difference of predictions and targets did it.

## Why is this bad

Each prediction is pulled towards all targets: the model learns the mean of the batch, and the loss stops at the variance of
the targets.

## Example

```python
prediction = model(x)                       # [n, 1]
loss = F.mse_loss(prediction, target)       # named: target is [n], the loss is over [n, n]
```

## Fix

Make the shapes equal: `prediction.squeeze(-1)`, or `target.unsqueeze(-1)`.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/broadcasting.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.loss_inputs import modules_behind
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

PRODUCTS: Final = frozenset({"mul", "rmul", "multiply", "div", "divide", "truediv", "rtruediv", "true_divide"})
"""Operations by which elements are weighted."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss over pairs that nobody meant."""
    for observation, seen in observations(record, "broadcast-pairs"):
        yield _finding(record, observation, seen)


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    detail = observation.detail
    first, second, result = (str(detail[name]) for name in ("first", "second", "result"))
    is_sure = bool(detail["by_loss"]) or bool(detail["only_one_trains"])
    operation = str(detail["operation"]).strip("_")
    consequence = (
        "Every element is multiplied by every other one, not by its own: the mean of the products is the product of the means, "
        "and which weight belongs to which element is lost."
        if operation in PRODUCTS
        else "Every prediction is compared to every target: the model learns the mean of the batch, and the loss stops at the "
        "targets' variance."
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if is_sure else Severity.WARNING,
        confidence=Confidence.CERTAIN if is_sure else Confidence.LIKELY,
        title=f"the loss broadcasts {first} against {second} to {result}",
        message=f"{operation} is given shapes {first} and {second}, which broadcast to {result}. {consequence}",
        fix="make the shapes equal: squeeze(-1) the prediction, or unsqueeze(-1) the target (N,) to (N, 1)",
        not_this="a larger model or a longer run: the best that this loss allows is the mean",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules_behind(record, frozenset(observation.parameters)),
        parameters=observation.parameters,
        evidence={"result": result},
    )


CHECK: Final = Check(name="broadcast-loss", code="GP604", find=find, page=__doc__ or "")

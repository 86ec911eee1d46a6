"""sigmoid-twice (GP602).

## What it does

Finds losses that apply a sigmoid to what a sigmoid has made already: `binary_cross_entropy_with_logits` given probabilities.
It rests on the operation that made the input, followed through views, casts and joins (also `1 / (1 + exp(-x))`), and on
the loss being backpropagated.

It is a warning. Sigmoids inside a network, before a last layer, are right.

## Why is this bad

Values between 0 and 1 become probabilities between 0.5 and 0.73: the loss cannot fall below a floor, and no output can say
"no" with confidence.

## Example

```python
scores = torch.sigmoid(model(x))
loss = F.binary_cross_entropy_with_logits(scores, labels)   # named: expects logits
```

## Fix

Give the logits to `binary_cross_entropy_with_logits`, or the probabilities to `binary_cross_entropy`.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.BCEWithLogitsLoss.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.loss_inputs import LossInput, loss_inputs

if TYPE_CHECKING:
    from gradprobe.record.record import Record

LOSSES: Final = frozenset({"binary_cross_entropy_with_logits", "multilabel_soft_margin_loss"})
"""Losses that apply a sigmoid; anything else that does is an activation, which need not be a loss's."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss that applies a sigmoid a second time."""
    for one in loss_inputs(record, ("logits-binary",)):
        if one.loss in LOSSES or not one.observation.detail["elsewhere"]:
            yield _finding(one)


def _finding(one: LossInput) -> Finding:
    given, loss = one.given, one.loss
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if loss in LOSSES else Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"{loss} is given {given} output: sigmoid is applied twice",
        message=f"{loss} applies a sigmoid itself and expects logits; here it is given the output of a {given}. Values between 0 "
        "and 1 become probabilities between 0.5 and 0.73, the loss has a floor, and gradients are small.",
        fix="give it the logits, without the sigmoid; or use binary_cross_entropy on the probabilities",
        not_this="a larger learning rate, or weights for the positive class: the floor stays",
        location=one.location,
        first_step=one.seen.first_step,
        last_step=one.seen.last_step,
        related=one.related,
        modules=one.modules,
        parameters=one.observation.parameters,
        evidence={"given": given},
    )


CHECK: Final = Check(name="sigmoid-twice", code="GP602", find=find, page=__doc__ or "")

"""probabilities-for-log-probabilities (GP603).

## What it does

Finds `nll_loss`, `kl_div` and `ctc_loss` that are given probabilities, or raw scores, where log-probabilities are due. It rests on
what made the input (a softmax or sigmoid, a linear layer with positive values), and on the loss being backpropagated.

It is a warning.

## Why is this bad

`nll_loss` takes the negative of what it is given: with probabilities it is bounded by -1 and has no logarithm in it;
`kl_div` is no divergence any more, and may be negative.

## Example

```python
probabilities = F.softmax(model(x), dim=1)
loss = F.nll_loss(probabilities, labels)             # named: nll_loss expects log-probabilities
```

## Fix

Use `log_softmax`, or `cross_entropy` on the logits.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.NLLLoss.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.loss_inputs import LossInput, loss_inputs

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss that is given something else than log-probabilities."""
    for one in loss_inputs(record, ("log-probabilities", "target-probabilities")):
        yield _finding(one)


def _finding(one: LossInput) -> Finding:
    given, loss = one.given, one.loss
    is_target = one.observation.detail["contract"] == "target-probabilities"
    what = {
        "softmax": "probabilities, the output of a softmax",
        "sigmoid": "probabilities, the output of a sigmoid",
        "distribution": "values that are not negative and sum to one: probabilities",
        "raw": "raw scores of a layer, some of them positive",
    }.get(given, given)
    if is_target:
        message = (
            f"{loss} expects a target of probabilities (log_target=False), and is given log-probabilities ({given})."
        )
        fix = "pass log_target=True, or give the probabilities themselves as the target"
    else:
        message = f"{loss} expects log-probabilities as its input, and is given {what}: there is no log in this loss."
        fix = f"use log_softmax in place of what is given, or cross_entropy on the logits, instead of {loss}"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN if given in ("softmax", "sigmoid") or is_target else Confidence.LIKELY,
        title=f"{loss} is given {given} where log-probabilities are due",
        message=f"{message} Its value is bounded, and its gradient is not that of a likelihood.",
        fix=fix,
        not_this="torch.log of a softmax: where a probability is 0 its log is -inf; log_softmax is exact",
        location=one.location,
        first_step=one.seen.first_step,
        last_step=one.seen.last_step,
        related=one.related,
        modules=one.modules,
        parameters=one.observation.parameters,
        evidence={"given": given},
    )


CHECK: Final = Check(name="probabilities-for-log-probabilities", code="GP603", find=find, page=__doc__ or "")

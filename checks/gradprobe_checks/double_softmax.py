"""double-softmax (GP601).

## What it does

Finds losses that apply a softmax to what is a softmax's output already: `cross_entropy` (or a log-softmax) given
probabilities. It rests on the operation that made the input, followed through views, casts and joins, on values that are not
negative and sum to one, and on the loss being backpropagated. The line is that of the first softmax (in a `Sequential`, where it was
built); where the loss depends on these probabilities in another way too, it is that of the loss.

It is a warning. A log-softmax given to `cross_entropy` is info: doing it twice changes nothing.

## Why is this bad

Probabilities lie between 0 and 1, so the second softmax can hardly tell the classes apart: the loss cannot fall below a
floor, and its gradients are small.

## Example

```python
probabilities = torch.softmax(model(x), dim=1)       # named
loss = F.cross_entropy(probabilities, labels)        # expects logits
```

## Fix

Give `cross_entropy` the logits; apply softmax only where probabilities are shown or used. Or use `nll_loss` on
`log_softmax`.

## Known problems

Probabilities that a compiled part makes are known by their values alone.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>
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
    """Yield a finding for each loss that applies a softmax a second time."""
    for one in loss_inputs(record, ("logits",)):
        yield _finding(one)


def _finding(one: LossInput) -> Finding:
    given, loss = one.given, one.loss
    is_harmless = given == "log-softmax"
    certain = given in ("softmax", "log-softmax")
    what = {
        "softmax": "the output of a softmax: probabilities",
        "sigmoid": "the output of a sigmoid: values between 0 and 1",
        "distribution": "values that are not negative and sum to one: probabilities",
        "log-softmax": "log-probabilities",
    }[given]
    consequence = (
        "A log-softmax of a log-softmax is the same again, so this is only unusual."
        if is_harmless
        else "The softmax is applied twice: the loss has a floor that it cannot fall below, and gradients are small."
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.INFO if is_harmless else Severity.WARNING,
        confidence=Confidence.CERTAIN if certain else Confidence.LIKELY,
        title=f"{loss} is given {given} output, and applies softmax again",
        message=f"{loss} expects logits and applies a softmax itself; here it is given {what}. {consequence}",
        fix=f"take this softmax away and give {loss} the logits; apply softmax only where probabilities are shown or used",
        not_this="a larger learning rate: the loss stays above its floor",
        location=one.location,
        first_step=one.seen.first_step,
        last_step=one.seen.last_step,
        related=one.related,
        modules=one.modules,
        parameters=one.observation.parameters,
        evidence={"given": given},
    )


CHECK: Final = Check(name="double-softmax", code="GP601", find=find, page=__doc__ or "")

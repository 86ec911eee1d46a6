"""double-softmax (GP601).

## What it does

Finds losses that apply a softmax to what is a softmax's output already: `cross_entropy` (or a log-softmax) given
probabilities. It rests on the operation that made the input, followed through views, casts and joins, on values that are not
negative and sum to one, and on the loss being backpropagated.

It is a warning. A log-softmax given to `cross_entropy` is info: doing it twice changes nothing.

## Why is this bad

Probabilities lie between 0 and 1, so the second softmax can hardly tell the classes apart: the loss cannot fall below a
floor, and its gradients are small.

## Example

```python
probabilities = torch.softmax(model(x), dim=1)
loss = F.cross_entropy(probabilities, labels)        # named: cross_entropy expects logits
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
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss that applies a softmax a second time."""
    for observation, seen in observations(record, "loss-input"):
        if observation.detail["contract"] == "logits":
            yield _finding(observation, seen)


def _finding(observation: Observation, seen: ObservationSeen) -> Finding:
    given, loss = str(observation.detail["given"]), str(observation.detail["loss"])
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
        fix=f"give {loss} the logits, without softmax; or use nll_loss on log_softmax",
        not_this="a larger learning rate: the loss stays above its floor",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        parameters=observation.parameters,
        evidence={"given": given},
    )


CHECK: Final = Check(name="double-softmax", code="GP601", find=find, page=__doc__ or "")

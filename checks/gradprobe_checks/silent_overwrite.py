"""silent-overwrite (GP109).

## What it does

Finds writes through `.data` to a tensor that an operation had saved for its backward, before that backward ran. Autograd
does not see such a write: it raises nothing and computes the gradient with the values that are there now.

It is an error: the operation saves that operand, the write came after it, and `backward()` came after the write. It
stays quiet about writes to weights after the step, clipping of weights, and initialisation.

## Why is this bad

The gradient is that of another function than the one that was computed. Without `.data`, torch would have raised
"modified by an inplace operation".

## Example

```python
hidden = torch.sigmoid(layer(x))
hidden.data.mul_(mask)             # named: sigmoid saved its result
loss = head(hidden).mean()
loss.backward()                    # wrong gradient, no error
```

## Fix

Compute a new tensor, `hidden = hidden * mask`, so that the graph holds what was done.

## Known problems

Only operations are looked at of which it is known what they save.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that wrote unseen to what a graph had saved."""
    for observation, seen in observations(record, "silent-overwrite"):
        operation = observation.detail["operation"]
        yield Finding(
            check=CHECK.name,
            code=CHECK.code,
            severity=Severity.ERROR,
            confidence=Confidence.CERTAIN,
            title=f"a write through .data overwrites what {operation} saved for backward",
            message=f"This line writes through .data to a tensor that {operation} had saved, between the forward and the "
            "backward. Autograd does not see the write, raises nothing, and computes a wrong gradient from the new values.",
            fix="make a new tensor instead of writing in place (x = x * mask), or write after backward",
            not_this="the same write without .data and retain_graph=True: autograd would raise, and rightly",
            location=observation.site,
            first_step=seen.first_step,
            last_step=seen.last_step,
            related=observation.related,
            evidence={"times": seen.count},
        )


CHECK: Final = Check(name="silent-overwrite", code="GP109", find=find, page=__doc__ or "")

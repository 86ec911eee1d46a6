"""filtered-loss (GP308).

## What it does

Finds losses that were NaN or infinite while the framework's log showed finite numbers: the Trainer of transformers puts the
average of the losses before in their place (`logging_nan_inf_filter`, on by default). It compares the loss that was
backpropagated with the one that was logged.

Where another finding tells what made the loss NaN, that one says so too, and this one is left out. It is a warning where an
optimizer stepped with the gradients of such a loss, and only said where those steps were left out.

## Why is this bad

A loss that is NaN makes every gradient NaN, and the step makes every weight NaN; the log goes on as if nothing had happened,
often with a loss of 0 in the end.

## Example

```python
arguments = TrainingArguments(output_dir="out")     # named: logging_nan_inf_filter=True is the default
```

## Fix

`logging_nan_inf_filter=False`, and look at the batches of the steps that are named.

## Known problems

In a run of which old steps were thinned, a step is known up to the rows that it was merged with.

## Options

None.

## References

- <https://huggingface.co/docs/transformers/main_classes/trainer#transformers.TrainingArguments.logging_nan_inf_filter>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks import non_finite_gradient
from gradprobe_checks.logs import filtered
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import counted

if TYPE_CHECKING:
    from gradprobe.record.record import Record

MOST_NAMED: Final = 6
"""Steps that are named one by one."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding where a log hid that a loss was not finite."""
    found = filtered(record)
    if found is None or any(non_finite_gradient.find(record)):
        return
    seen, loss = found
    steps = loss.steps[~np.isfinite(loss.values)]
    named = ", ".join(map(str, steps[:MOST_NAMED])) + (", …" if len(steps) > MOST_NAMED else "")
    stepped = any(one.counts.non_finite for one in record.parameters)
    then = "An optimizer stepped with its gradients." if stepped else "No optimizer stepped with its gradients."
    yield Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING if stepped else Severity.INFO,
        confidence=Confidence.CERTAIN,
        title=f"the loss was not finite in {counted(len(steps), 'step')}, and the log hides it",
        message=f"The loss that was backpropagated was NaN or infinite in step {named}, while the log has finite numbers alone: "
        f"{seen.detail['setting']} puts the average of the losses before in its place. {then}",
        fix=f"look at the batches of these steps; pass {seen.detail['setting']}=False to see it in the log",
        not_this="nan_to_num on the loss, or a filter of one's own: both hide it once more",
        location=seen.site,
        first_step=int(steps[0]),
        last_step=int(steps[-1]),
        related=backward_sites(record),
        evidence={"steps": len(steps)},
    )


CHECK: Final = Check(name="filtered-loss", code="GP308", find=find, page=__doc__ or "", is_symptom=True)

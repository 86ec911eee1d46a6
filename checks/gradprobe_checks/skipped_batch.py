"""skipped-batch (GP414).

## What it does

Finds batches that a `training_step` of Lightning leaves out by returning None. Lightning goes on to the next batch, and says so once
in a run, as a warning among others. It rests on what the step returned, batch by batch, and on nothing in the source but the line.

It is an error where it returned None for every batch, three at the least: nothing was trained. Where some batches only are left
out that may well be meant, and it is worth a word (info) with their number.

## Why is this bad

A batch that is left out trains nothing, and the loss that is logged does not tell.

## Example

```python
def training_step(self, batch, batch_idx):
    loss = F.cross_entropy(self(batch["x"]), batch["y"])
    self.log("loss", loss)               # and no `return loss`
```

## Fix

Return the loss (or a dict with the key `loss`).

## Known problems

Where `training_step` has several lines that return None, its `def` is named.

## Options

None.

## References

- <https://lightning.ai/docs/pytorch/stable/common/lightning_module.html#training-loop>
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

LEAST: Final = 3
"""Batches from which it is an error that all are left out."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each training step that returned None."""
    for observation, seen in observations(record, "skipped-batches"):
        yield _finding(observation, seen)


def _finding(observation: Observation, seen: ObservationSeen) -> Finding:
    skipped, batches = (int(observation.detail[name] or 0) for name in ("skipped", "batches"))
    every = skipped == batches and batches >= LEAST
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if every else Severity.INFO,
        confidence=Confidence.CERTAIN,
        title="training_step returns no loss: nothing is trained" if every else "training_step leaves batches out",
        message=f"training_step returned None for {skipped} of {batches} batches. Lightning left them out, without a backward.",
        fix="end training_step with `return loss`" if every else "nothing, if these batches are to be left out",
        not_this="a higher learning rate, or more epochs: there is no gradient" if every else "",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        evidence={"skipped": skipped, "batches": batches},
    )


CHECK: Final = Check(name="skipped-batch", code="GP414", find=find, page=__doc__ or "")

"""identical-batches (GP803).

## What it does

Finds a job whose ranks are all given the same batches, by digests of what the DistributedDataParallel wrapper was called with. It
names the data loader that has no sampler for ranks, or the line that calls the wrapper where no loader was seen.

It is a warning where three batches or more, different from step to step, were the same to the bit on all ranks. One batch that is
used again and again (to overfit it on purpose, to measure speed) is info.

## Why is this bad

Averaging the same gradient N times is that gradient: N processes do the work of one, and an epoch takes as long as on one.

## Example

```python
torch.manual_seed(0)
loader = DataLoader(dataset, batch_size=32, shuffle=True)     # named: every rank draws the same order
model = DistributedDataParallel(Net())
```

## Fix

Give the loader `sampler=DistributedSampler(dataset)` in place of `shuffle=True`, and call `sampler.set_epoch(epoch)`; or seed
the data's generator with the rank.

## Known problems

Only the first batches of a run, and few after them, are compared.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/data.html#torch.utils.data.distributed.DistributedSampler>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.jobs import first_place, seen_by_any

if TYPE_CHECKING:
    from gradprobe.record.record import Record

ENOUGH: Final = 3
"""Batches that have to be the same."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding where all ranks were given the same batches."""
    ranks = record.ranks
    if ranks is None or ranks.batches < ENOUGH or ranks.same_batches < ranks.batches:
        return
    is_one = ranks.different_batches < 2
    called = first_place(record, "wrapper-called")
    loaders = [one for one, _ in seen_by_any(record, "loader-built") if "Distributed" not in str(one.detail["sampler"])]
    place = loaders[0].site if loaders else called
    number = len(ranks.all)
    again = ", and the same one in every step" if is_one else ""
    yield Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.INFO if is_one else Severity.WARNING,
        confidence=Confidence.CERTAIN if loaders else Confidence.LIKELY,
        title="every rank is given the same batches",
        message=f"In each of the {ranks.batches} steps that were compared, all {number} ranks called the model with the same "
        f"batch to the bit{again}: {number} processes do the work of one.",
        fix="give the loader sampler=DistributedSampler(dataset) in place of shuffle, with sampler.set_epoch(epoch) in every epoch; or "
        "seed the data, not the model, with the rank",
        not_this="dividing the learning rate by the number of ranks: the gradient is the same as on one",
        location=place,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(called, "called here"),) if called is not None and called != place else (),
        evidence={"batches": ranks.batches, "ranks": number, "different": ranks.different_batches},
    )


CHECK: Final = Check(name="identical-batches", code="GP803", find=find, page=__doc__ or "")

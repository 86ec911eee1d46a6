"""unscaled-accumulation (GP409).

## What it does

Finds gradients of several micro-batches that are summed before each step although each loss is a mean that nothing divides by
their number: the step is as many times too long.

It is said only where that has an effect: where the optimizer is SGD and its gradients reach it as the backwards left them. Adam and
its kin divide by the gradient's own size, clipping by the norm takes the length away, and gradients that are divided by hand
before the step are right. It stays quiet where the losses are of different kinds or places, reach different parameters, share a
graph (several losses of one forward) or their targets (one batch at several scales), or are sums.

## Why is this bad

The learning rate is in effect multiplied by the number of micro-batches: what was tuned for one batch diverges, or hovers, with
accumulation.

## Example

```python
for i, (x, y) in enumerate(loader):
    loss = criterion(model(x), y)
    loss.backward()                # named: four means are summed
    if i % 4 == 3:
        optimizer.step()           # SGD
        optimizer.zero_grad()
```

## Fix

Divide: `(loss / 4).backward()`.

## Known problems

A learning rate that was chosen for the sum is not known to be. Updates by hand, and gradient scalers, are not looked at.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-accumulation>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.books import Book, Source, books
from gradprobe_checks.provenance import listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation

LEAST: Final = 3
"""Micro-batches a step, and steps, from which it is said: twice the learning rate is within what people tune."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer that steps with the sum of means."""
    for book in books(record):
        optimizer = next((one for one in record.optimizers if one.number == book.optimizer), None)
        if optimizer is None or optimizer.type != "SGD" or book.steps < LEAST or book.touched or book.stale:
            continue
        for source in book.sources:
            seen = _accumulated(record, source)
            if seen is not None and source.most_at_once >= LEAST and len(book.sources) == 1:
                yield _finding(record, book, source, seen)


def _accumulated(record: Record, source: Source) -> Observation | None:
    """Return what deep steps saw of the losses of a backward call: plain means, as many as the optimizer steps with."""
    found = [one for one, _ in observations(record, "accumulated-means") if one.site == source.site]
    if not found or not all(one.detail["plain"] for one in found):
        return None
    return next((one for one in found if one.detail["times"] == source.most_at_once), None)


def _finding(record: Record, book: Book, source: Source, seen: Observation) -> Finding:
    owned = {position for position, one in enumerate(record.parameters) if one.optimizer == book.optimizer}
    names = listed(modules_of(record, owned)) if owned else "its parameters"
    times = source.most_at_once
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"{times} micro-batches are summed, not averaged, before each step",
        message=f"The backward at line {source.site.line} adds the gradients of {times} micro-batches before the step at line "
        f"{book.site.line}, and each loss is a mean that is not divided by {times}. SGD steps with the sum: the gradient of "
        f"{names} is {times} times that of the whole batch, and so in effect is the learning rate.",
        fix=f"divide the loss by the number of accumulation steps before backward: (loss / {times}).backward()",
        not_this="gradient clipping, or a smaller learning rate by trial: it is only the missing division",
        location=source.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(*seen.related, RelatedSite(book.site, "optimizer step")),
        evidence={"micro_batches": times, "steps": book.steps},
    )


CHECK: Final = Check(name="unscaled-accumulation", code="GP409", find=find, page=__doc__ or "")

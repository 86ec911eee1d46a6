"""ignored-accumulation (GP415).

## What it does

Finds gradient accumulation that accelerate was asked for and that does not take place: `accelerator.backward` divides each loss by
the number of micro-batches, and the optimizer steps after fewer of them. Either the optimizer was not prepared, so that it does not
know that it is to wait; or the loop never enters `accelerator.accumulate`.

It rests on the steps that were taken: each with the gradient of fewer backwards than the loss was divided by.

## Why is this bad

Each step uses a fraction of one small batch's gradient. The batch is smaller than meant, and with SGD the learning rate is too;
nothing raises.

## Example

```python
accelerator = Accelerator(gradient_accumulation_steps=4)
model, loader = accelerator.prepare(model, loader)      # named: the optimizer is missing
for x, y in loader:
    with accelerator.accumulate(model):
        accelerator.backward(criterion(model(x), y))    # the loss is divided by 4
        optimizer.step()                                # steps each time
        optimizer.zero_grad()
```

## Fix

Prepare the optimizer together with the model, and have the loop's body run under `with accelerator.accumulate(model):`.

## Known problems

A loader with fewer batches than are to be accumulated ends each accumulation early; that is not said.

## Options

None.

## References

- <https://huggingface.co/docs/accelerate/usage_guides/gradient_accumulation>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.books import Book, Source, books
from gradprobe_checks.provenance import counted, listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation

LEAST: Final = 3
"""Backwards whose gradients were used too early from which it is said."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer that does not wait for what its losses were divided by."""
    divided = {one.site: one for one, _ in observations(record, "divided-loss")}
    early = {one.detail["optimizer"]: one for one, _ in observations(record, "step-out-of-turn")}
    for book in books(record):
        for source in book.sources:
            loss, step = divided.get(source.site), early.get(book.optimizer)
            if loss is None or source.used < LEAST or source.most_at_once >= int(loss.detail["parts"] or 0):
                continue
            if step is not None or not loss.detail["accumulate"]:
                yield _finding(record, book, source, loss, step)
                break


def _finding(record: Record, book: Book, source: Source, loss: Observation, step: Observation | None) -> Finding:
    parts, taken = int(loss.detail["parts"] or 0), source.most_at_once
    owned = {position for position, one in enumerate(record.parameters) if one.optimizer == book.optimizer}
    names = listed(modules_of(record, owned)) if owned else "its parameters"
    prepared = next((one.site for one in step.related), None) if step is not None else None
    after = "each backward" if taken == 1 else f"{taken} backwards"
    if step is not None:
        why = "The optimizer was not prepared by the accelerator: its step() takes a step while the accelerator still accumulates"
        fix = "pass the optimizer to accelerator.prepare(...) too, and use what it returns"
    else:
        why = "The loop never enters accelerator.accumulate(...), so nothing tells the optimizer to wait"
        fix = "put the body of the loop under `with accelerator.accumulate(model):`"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"gradients are to be accumulated over {parts} batches, and the optimizer of {names} steps after {after}",
        message=f"accelerator.backward divides the loss by {parts}, and the step at line {book.site.line} came after {after} in all "
        f"{counted(book.steps, 'step')} that were looked at: each uses {taken}/{parts} of the gradient that is meant. {why}.",
        fix=fix,
        not_this="a larger learning rate: the batches are still smaller than meant",
        location=prepared or source.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(source.site, "backward"), RelatedSite(book.site, "optimizer step")),
        modules=modules_of(record, owned),
        evidence={"micro_batches": parts, "backwards_a_step": taken, "steps": book.steps},
    )


CHECK: Final = Check(name="ignored-accumulation", code="GP415", find=find, page=__doc__ or "")

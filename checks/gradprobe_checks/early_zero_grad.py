"""early-zero-grad (GP408).

## What it does

Finds gradients that are cleared before their optimizer has stepped with them: `zero_grad()` for each micro-batch within an
accumulation (all but the last are lost), or between `backward()` and `step()` (all are lost).

It rests on what became of the gradients of each `backward()` call: an error where a call's gradients are cleared
unused in at least as many cases as they are used, step after step, where the optimizer steps without any, or where all of a loss's
gradients are cleared and what it alone would train is never trained. It stays
quiet where a call's gradients are always thrown away and another call's are used (a generator's loss leaves gradients
in the discriminator, an attack's in the model), where it happens now and then (a batch that is skipped), and where the
script was seen to take the gradients for itself before it cleared them (gradient surgery, accumulation by hand).

## Why is this bad

The work of those backward calls is lost; with nothing left, the step does nothing.

## Example

```python
for i, batch in enumerate(batches):
    optimizer.zero_grad()                # named: discards the micro-batch before
    (model(batch).mean() / 4).backward()
    if i % 4 == 3:
        optimizer.step()
```

## Fix

Clear right after the step, or before the first micro-batch.

## Known problems

None.

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
from gradprobe_checks.provenance import listed, modules_of, reaches

if TYPE_CHECKING:
    from gradprobe.record.record import Record

LEAST: Final = 3
"""Discarded backward calls from which it is said."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each backward call whose gradients are cleared before they are used."""
    for book in books(record):
        for source in book.sources:
            is_lost = source.used == 0 and book.steps >= LEAST and book.empty >= 0.9 * book.steps
            is_partly_lost = 0 < source.used <= source.discarded and source.used >= 2
            is_lost = is_lost or (source.used == 0 and bool(_trained_by_it_alone(record, book, source)))
            if source.discarded >= LEAST and not source.taken and (is_lost or is_partly_lost):
                yield _finding(record, book, source, all_lost=is_lost)
                break


def _trained_by_it_alone(record: Record, book: Book, source: Source) -> set[int]:
    """Return the optimizer's parameters that only a loss reaches whose gradients nobody uses, and that never had a gradient."""
    if any(one.used for other in books(record) for one in other.sources if one.site == source.site):
        return set()  # Another optimizer's loss.
    mine: set[int] = set()
    others: set[int] = set()
    for reach in reaches(record):
        (mine if reach.site == source.site else others).update(reach.reached)
    owned = {position for position, one in enumerate(record.parameters) if one.optimizer == book.optimizer}
    if not mine <= owned:
        return set()
    return {one for one in mine - others if record.parameters[one].counts.flowing == 0}


def _finding(record: Record, book: Book, source: Source, *, all_lost: bool) -> Finding:
    alone = _trained_by_it_alone(record, book, source) if source.used == 0 and book.empty < book.steps else set()
    owned = alone or {position for position, one in enumerate(record.parameters) if one.optimizer == book.optimizer}
    names = listed(modules_of(record, owned)) if owned else "its parameters"
    total = source.used + source.discarded
    if alone:
        message = (
            f"All {source.discarded} gradients of the backward at line {source.site.line} were cleared before the step at line "
            f"{book.site.line}, which uses those of another backward only: {names} never had a gradient."
        )
        fix = "clear the gradients once, before the first backward of the step, so that both losses add to them; or step in between"
    elif all_lost:
        message = (
            f"All {source.discarded} gradients of the backward at line {source.site.line} were cleared before the step at line "
            f"{book.site.line}: the optimizer stepped {book.steps} times without any gradient."
        )
        fix = "clear the gradients before backward(), or after step(): not between the two"
    else:
        message = (
            f"Of {total} gradients of the backward at line {source.site.line}, {source.discarded} were discarded by zero_grad "
            f"before the optimizer stepped: only the last micro-batch of each accumulation counts."
        )
        fix = "call zero_grad() once for each step, right after step(), not for every micro-batch"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"zero_grad discards the gradients of {names} before the step",
        message=message,
        fix=fix,
        not_this="a larger learning rate to make up for it: what was discarded is not in the update",
        location=source.cleared_at or book.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(source.site, "backward"), RelatedSite(book.site, "optimizer step")),
        modules=modules_of(record, owned),
        parameters=tuple(record.parameters[position].name for position in sorted(owned)) if all_lost else (),
        evidence={"discarded": source.discarded, "used": source.used},
    )


CHECK: Final = Check(name="early-zero-grad", code="GP408", find=find, page=__doc__ or "")

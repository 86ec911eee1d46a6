"""missing-zero-grad (GP407).

## What it does

Finds optimizers that step with gradients an earlier step has used already: nothing cleared them in between. Judged by the
state of the gradients, not by calls: `zero_grad()`, `p.grad = None`, `zero_()`, a new tensor, each is a clearing.

It is an error where this is so in nearly every step, a warning where it is so in half of them or more (cleared
once an epoch, for instance). It stays quiet about accumulation over micro-batches, which clears after each step.

## Why is this bad

Each step adds the gradients of all batches before: its direction is that of a running sum, and grows with the number of
steps.

## Example

```python
for batch in batches:
    loss = model(batch).mean()
    loss.backward()
    optimizer.step()          # named: nothing clears the gradients of the batch before
```

## Fix

Call `optimizer.zero_grad()` once for each step, before `backward()` or after `step()`.

## Known problems

On a device other than the host, gradients that were set to zero without any call of `zero_grad()` are taken as not cleared.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity, ZeroGrad
from gradprobe_checks.books import Book, books
from gradprobe_checks.provenance import counted, listed, modules_of, own_losses

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

LEAST_STEPS: Final = 3
"""Steps with used gradients from which it is said."""
NEARLY_ALL: Final = 0.9
"""Share of steps from which it is an error."""
HALF: Final = 0.5
"""Share of steps from which it is a warning."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer whose gradients pile up."""
    for book in books(record):
        if book.stale >= LEAST_STEPS and book.stale >= HALF * book.steps:
            yield _finding(record, book)


def _update(record: Record, owned: set[int]) -> Site | None:
    """Return where the script writes to parameters by itself."""
    writes = [record.accounts[one].last_write for one in sorted(owned) if one in record.accounts]
    return next((site for site in writes if site is not None), None)


def _backward(record: Record, book: Book) -> Site | None:
    """Return the backward that the missing statement belongs before: the first of the optimizer's own."""
    own = own_losses(record, [book.optimizer])
    return next((source.site for source in book.sources if source.site in own), None)


def _finding(record: Record, book: Book) -> Finding:
    by_hand = book.optimizer < 0
    owner = None if by_hand else book.optimizer
    owned = {
        position for position, one in enumerate(record.parameters) if one.optimizer == owner and one.counts.flowing
    }
    names = listed(modules_of(record, owned)) if owned else "its parameters"
    calls = [(seen.call, seen.count) for seen in record.calls if isinstance(seen.call, ZeroGrad)]
    mine = [call for call, _ in calls if call.owner == f"optimizer {book.optimizer}"]
    where = " It is cleared now and then, at line " + str(mine[0].site.line) + "." if mine else ""
    if not mine and calls:
        call, times = calls[0]
        is_rare = (
            times < HALF * book.steps
        )  # Before the loop, for instance, when nothing is known of its optimizer yet.
        does = f"was called {counted(times, 'time')}" if is_rare else f"clears other gradients ({call.owner})"
        where = f" The zero_grad() at line {call.site.line} {does}."
    who = "the script updated by hand" if by_hand else "this optimizer stepped"
    always = book.stale >= NEARLY_ALL * book.steps
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if always else Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"the gradients of {names} are not cleared between steps: zero_grad is missing",
        message=f"In {book.stale} of {book.steps} steps {who} with gradients that an earlier step had already used, with new ones "
        f"added to them: they accumulate over all batches.{where}",
        fix="set the gradients themselves to None or zero after each update (p.grad = None, p.grad.zero_()), not copies of them"
        if by_hand
        else "call optimizer.zero_grad() once for each step, before this backward() or right after the step",
        not_this="a smaller learning rate, or clipping: the direction is wrong, not only the size",
        location=(_update(record, owned) or book.site) if by_hand else _backward(record, book) or book.site,
        first_step=1,
        last_step=max(record.facts.steps - 1, 0),
        related=(
            RelatedSite(book.site, "optimizer step"),
            *(RelatedSite(source.site, "backward") for source in book.sources),
            *dict.fromkeys(RelatedSite(call.site, "zero_grad") for call, _ in calls),
        ),
        modules=modules_of(record, owned),
        evidence={"steps_with_used_gradients": book.stale, "steps": book.steps},
    )


CHECK: Final = Check(name="missing-zero-grad", code="GP407", find=find, page=__doc__ or "")

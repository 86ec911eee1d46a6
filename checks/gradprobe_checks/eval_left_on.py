"""eval-left-on (GP701).

## What it does

Finds modules that were put in evaluation mode after they had been trained, and that are trained on in that mode: the same
`backward()` goes through them step after step, and their dropout is off, or their batch norm uses its running statistics.

It is an error where the line ran more than once, a warning where it ran once: a second phase of training may mean it.
Before the first step it is said only where an evaluation followed: a layer computed in that mode, without gradients. So it is where
something puts the module back at each step, but only after its backward (a Trainer's training step begins with `train()`).
It stays quiet about layers that are put in evaluation mode by themselves, about modules that a library hands over
in evaluation mode, and about modules that no gradient goes through.

## Why is this bad

Nothing raises and the loss even gets smaller, but the model trains without its dropout, and with statistics of batch norm that
no longer follow its weights.

## Example

```python
def validate(model, batches):
    model.eval()                  # named: nothing calls model.train() after it
    with torch.no_grad():
        return accuracy(model, batches)
```

## Fix

Call `model.train()` when the evaluation is over, or at the beginning of each epoch.

## Known problems

A mode that is set by assigning to `module.training` is not seen.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#evaluation-mode-nn-module-eval>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.provenance import modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation

LEAST: Final = 3
"""Backwards in a row, through a module in evaluation mode, from which it is said."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that put a module in evaluation mode and that nothing undid."""
    for one, _ in observations(record, "eval-left-on"):
        if int(one.detail["backwards"] or 0) >= LEAST:
            yield _finding(record, one)


def _finding(record: Record, seen: Observation) -> Finding:
    count, first = int(seen.detail["backwards"] or 0), int(seen.detail["first_step"] or 0)
    kind, layers = str(seen.detail["module"]), str(seen.detail["layers"])
    positions = [position for position, one in enumerate(record.parameters) if one.name in seen.parameters]
    backward = seen.related[0].site
    before = (
        f"This line put {kind} in evaluation mode for an evaluation before the first step"
        if seen.detail.get("early")
        else f"{kind} was trained in training mode; this line put it in evaluation mode after step {first}"
    )
    since = f"the backward at line {backward.line} has gone through it {count} times since, with nothing calling train() in between"
    is_again = bool(seen.detail.get("again"))
    if is_again:
        before = f"This line puts {kind} in evaluation mode for an evaluation within the step"
        since = (
            f"the loss that follows is computed in that mode too: {count} times the backward at line {backward.line} went through it, "
            "and train() came only with the next step"
        )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if int(seen.detail["calls"] or 0) > 1 and not is_again else Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=f"{kind} stays in eval mode while it is trained: train() is missing after eval()",
        message=f"{before}, and {since}. Its {layers} layers do not do in evaluation mode what they are there for: dropout is off, "
        "batch norm uses its running statistics.",
        fix="call train() on the same module when the evaluation is over (also where it returns early), or before each epoch of training",
        not_this="torch.no_grad() in place of eval(): it ends the graph of the evaluation, and says nothing about dropout and batch norm",
        location=seen.site,
        first_step=first,
        last_step=int(seen.detail["last_step"] or 0),
        related=seen.related,
        modules=modules_of(record, positions) if positions else (),
        evidence={"backwards_in_evaluation_mode": count, "layers": layers},
    )


CHECK: Final = Check(name="eval-left-on", code="GP701", find=find, page=__doc__ or "")

"""backward-error (GP201).

## What it does

Reports an exception that left `backward()`, with the line of the script that called it.

It is an error where the exception ended the run, a warning where the script caught it but made no step with a gradient
after it, and info where the script caught it and trained on (a batch that did not fit into memory, for instance),
which changes no verdict; one such step is enough. The flag `no-backward-errors` follows the same rule: red, amber, grey.

It is quiet about exceptions by which somebody ends a run: an interruption by the user, `sys.exit`.

## Why is this bad

The backward pass failed, so the step has no gradient, or only part of one.

## Example

```python
hidden = torch.zeros(1, 8)
for batch in batches:
    hidden = cell(batch, hidden)     # the graph of the batch before is still attached
    hidden.sum().backward()          # second batch: "Trying to backward through the graph a second time"
```

## Fix

The location is the line that called `backward()`. The mistake itself is mostly on an earlier line: where a saved
tensor was overwritten, where a state was carried into the next step without `detach()`, or where the loss was made
without a gradient.

## Known problems

The cause is not named here. A script that catches the exception of one of several losses, in every step, and steps with
the gradients of the others has trained on: that is info, with the number of times.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks>
- <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.engine.crashes import Aftermath, backward_crashes
from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity

if TYPE_CHECKING:
    from gradprobe.engine.crashes import BackwardCrash
    from gradprobe.record.record import Record

# A part of torch's message, what to do, and the popular wrong fix.
_KNOWN: Final = (
    (
        "does not require grad",
        "find where the loss lost its graph: no_grad, detach(), .item(), argmax, torch.tensor(...), all frozen",
        "loss.requires_grad_(): the error goes away and nothing trains",
    ),
    (
        "modified by an inplace operation",
        "find what wrote to a tensor between forward and backward: an optimizer's step, += or an in-place activation",
        "retain_graph=True, or clone() here and there: the write is still there",
    ),
    (
        "backward through the graph a second time",
        "detach() what is carried from one step to the next, or compute it anew in every step",
        "retain_graph=True: memory and time grow with every step",
    ),
    (
        "out of memory",
        "make the batch smaller and accumulate gradients over several, or checkpoint activations",
        "torch.cuda.empty_cache() in every step: PyTorch reuses its cache by itself",
    ),
)
_GENERAL: Final = (
    "read the exception's text; the mistake is mostly on a line before backward(), in the forward pass",
    "",
)
_SEVERITIES: Final = {
    Aftermath.ENDED: Severity.ERROR,
    Aftermath.CAUGHT: Severity.WARNING,
    Aftermath.WENT_ON: Severity.INFO,
}


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for every place where backward raised."""
    for one in backward_crashes(record):
        yield _finding(one)


def _finding(one: BackwardCrash) -> Finding:
    crash, seen = one.crash, one.seen
    fix, not_this = next(((fix, wrong) for part, fix, wrong in _KNOWN if part in crash.message), _GENERAL)
    caught = " The script caught it and trained on." if one.aftermath is Aftermath.WENT_ON else ""
    text = f"{crash.type}: {crash.message}" if crash.message else crash.type
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=_SEVERITIES[one.aftermath],
        confidence=Confidence.CERTAIN,
        title=f"backward() raised {crash.type}",
        message=f"{text}{caught}",
        fix=fix,
        not_this=not_this,
        location=crash.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        evidence={"times": seen.count},
    )


CHECK: Final = Check(name="backward-error", code="GP201", find=find, page=__doc__ or "", is_symptom=True)

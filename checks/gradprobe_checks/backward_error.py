"""backward-error (GP201).

## What it does

Reports an exception that left `backward()`, with the line of the script that called it.

It is an error where the exception ended the run, a warning where no step followed although the script ended well, and
info where the script caught it and trained on (a batch that did not fit into memory, for instance), which changes no
verdict. It is quiet about an interruption by the user.

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

The cause is not named here. An exception that the script catches without training on is taken for the end of the run.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks>
- <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Crashed, Finding, Severity

if TYPE_CHECKING:
    from gradprobe.record.record import IncidentSeen, Record

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
_ON_PURPOSE: Final = frozenset({"KeyboardInterrupt", "SystemExit", "GeneratorExit"})
_GENERAL: Final = (
    "read the exception's text; the mistake is mostly on a line before backward(), in the forward pass",
    "",
)


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for every place where backward raised."""
    for seen in record.incidents:
        crash = seen.incident
        if isinstance(crash, Crashed) and crash.during == "backward" and crash.type not in _ON_PURPOSE:
            yield _finding(record, seen, crash)


def _finding(record: Record, seen: IncidentSeen, crash: Crashed) -> Finding:
    severity = _severity(record, seen, crash)
    fix, not_this = next(((fix, wrong) for part, fix, wrong in _KNOWN if part in crash.message), _GENERAL)
    caught = " The script caught it and trained on." if severity is Severity.INFO else ""
    text = f"{crash.type}: {crash.message}" if crash.message else crash.type
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
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


def _severity(record: Record, seen: IncidentSeen, crash: Crashed) -> Severity:
    facts = record.facts
    if facts.exception is not None and facts.exception.startswith(crash.type):
        return Severity.ERROR
    if len(record.steps) and int(record.steps.index[-1]) > seen.last_step:
        return Severity.INFO
    return Severity.WARNING if facts.exit_code == 0 else Severity.ERROR


CHECK: Final = Check(name="backward-error", code="GP201", find=find, page=__doc__ or "")

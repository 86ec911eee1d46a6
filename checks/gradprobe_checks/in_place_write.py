"""in-place-write (GP108).

## What it does

Says why "one of the variables needed for gradient computation has been modified by an inplace operation" was raised:
the statement, or the `optimizer.step()`, that wrote to a tensor between the forward that saved it and the backward that
needed it. It rests on the graph as it stood after the exception, and on the writes that deep steps saw. (Anomaly mode
names the operation that saved the tensor: the victim, not the culprit.)

It is an error where the exception ended the run.

## Why is this bad

The backward needs the value that was there in the forward; with another one its gradient would be wrong, so torch refuses.

## Example

```python
policy_loss = -critic(state, actor(state)).mean()   # saves the critic's weights
critic_loss.backward()
critic_optimizer.step()                              # named: changes them
policy_loss.backward()                               # needs them as they were
```

## Fix

Let the forward of a loss, its backward, and the step come in this order: compute the loss after the other optimizer's step, or
call all backwards before any step. Write `x = x + y` instead of `x += y` on a tensor that the graph has saved.

`retain_graph=True` and `clone()` here and there do not help: the write is still there.

## Known problems

Where the forward ran in a step that was not a deep one, only steps of optimizers are known as writers.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#in-place-correctness-checks>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.crashes import severity_of
from gradprobe_checks.provenance import counted, listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each write to what a graph had saved that made a backward raise."""
    for observation, seen in observations(record, "saved-overwritten"):
        backward = next(one.site for one in observation.related if one.role == "backward")
        severity = severity_of(record, backward)
        if severity is not None:
            yield _finding(record, observation, seen, severity)


def _finding(record: Record, observation: Observation, seen: ObservationSeen, severity: Severity) -> Finding:
    backward = next(one.site for one in observation.related if one.role == "backward")
    saved = next((one.site for one in observation.related if one.role == "saved here"), None)
    operation = observation.detail["operation"]
    at = "" if saved is None else f" at line {saved.line}"
    positions = {position for position, one in enumerate(record.parameters) if one.name in observation.parameters}
    modules = modules_of(record, positions)
    if observation.detail["write"] == "optimizer step":
        what = f"This optimizer step changes {listed(modules) if modules else 'weights'} in place"
        fix = (
            "change the order: compute this loss after the step (forward, backward, step for each loss), or call every "
            "backward before any step"
        )
    else:
        what = f"This statement ({observation.detail['write']}) writes in place"
        fix = "make a new tensor instead of writing in place (x = x + y for x += y, inplace=False), or write after backward"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN if saved is not None else Confidence.LIKELY,
        title="an in-place write changes what a later backward needs",
        message=f"{what}, after {operation}{at} had saved it for its backward. The backward at line {backward.line} needs it as "
        "it was, finds it modified, and raises.",
        fix=fix,
        not_this="retain_graph=True, or clone() here and there: the write is still there",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules,
        parameters=observation.parameters,
        evidence={"operation": str(operation), "parameters": counted(len(positions), "parameter")},
    )


CHECK: Final = Check(name="in-place-write", code="GP108", find=find, page=__doc__ or "", explains_exceptions=True)

"""growing-graph (GP110).

## What it does

Finds graphs that grow from step to step: a state or a running sum that carries the graphs of all the steps before
(with `retain_graph=True`, or never backpropagated), and tensors with a graph that are kept in a list or a dict. It rests on
what is alive when a step has ended: a tensor whose graph goes back through the same line for three steps or more, or
tensors of one line from three steps.

It is a warning: training may be right, while memory, and with `retain_graph=True` time, grow with every step.

It stays quiet about graphs within one step (accumulation, unrolled inner loops, rollouts), and about what was detached.

## Why is this bad

A tensor with a graph keeps every activation of its step alive. After enough steps, memory is full.

## Example

```python
loss.backward()
optimizer.step()
total = total + loss          # named: keeps every step's graph; total += loss.item() keeps a number
history.append(loss)          # named
```

## Fix

Keep numbers: `loss.item()`, or `loss.detach()` where it may stay on the device. Cut a state that is carried on:
`hidden = hidden.detach()`.

## Known problems

Where tensors are kept in an object of unknown name, the line that made them is named rather than the one that keeps them. A
sum that is begun anew after a few steps is reported too; it grows until then.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/faq.html#my-model-reports-cuda-runtime-error-2-out-of-memory>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Backward, Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

RAISES: Final = "retain_graph=True: the error of a second backward goes away, and memory and time grow with every step"


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that makes graphs grow."""
    spans = list(observations(record, "graph-spans-steps"))
    # What hangs on another line's growing graph grows with it: the first line of each step's chain is the cause.
    for observation, seen in spans[:1]:
        yield _spans(record, observation, seen)
    grown = {observation.site for observation, _ in spans}
    for observation, seen in observations(record, "graphs-kept"):
        if observation.site not in grown and not (spans and observation.detail["holder"] == ""):
            yield _kept(observation, seen)


def _spans(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    retained = [one.call.site for one in record.calls if isinstance(one.call, Backward) and one.call.retain_graph]
    steps = observation.detail["steps"]
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="the graph grows with every step: history is carried on here",
        message=f"What this line makes keeps the graph of what it made in the steps before: after {steps} steps, its history "
        f"goes back {steps} steps, and memory grows with each"
        + (
            ", and so does the time of backward, which retain_graph=True lets go through all of them."
            if retained
            else "."
        ),
        fix="cut the history: carry on a detached state (x = x.detach()), or accumulate numbers (loss.item()) for logging",
        not_this=RAISES,
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=(*observation.related, *(RelatedSite(site, "backward with retain_graph=True") for site in retained)),
        evidence={"steps_in_graph": int(steps or 0)},
    )


def _kept(observation: Observation, seen: ObservationSeen) -> Finding:
    holder = observation.detail["holder"]
    where = f"{holder} keeps" if holder else "something keeps"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN if holder else Confidence.LIKELY,
        title=f"{where} tensors of every step with their history",
        message=f"{where} tensors together with the graphs that made them, one more with every step "
        f"({observation.detail['count']} when last seen): memory is used up by graphs that nobody will backpropagate.",
        fix="keep numbers or detached tensors: loss.item(), loss.detach()",
        not_this="a smaller batch, or emptying the cache: the graphs stay alive",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        evidence={"tensors": int(observation.detail["count"] or 0)},
    )


CHECK: Final = Check(name="growing-graph", code="GP110", find=find, page=__doc__ or "")

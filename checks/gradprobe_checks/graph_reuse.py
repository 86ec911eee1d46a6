"""graph-reuse (GP107).

## What it does

Says why "Trying to backward through the graph a second time" was raised: which tensor carried an old graph into the
new one, the line that made it, and both backward calls. It rests on the graph as it stood after the exception: the nodes
whose saved tensors an earlier backward had freed, and the newest of them that the new graph hangs on.

It is an error where the exception ended the run.

## Why is this bad

A backward frees what its graph has saved. A tensor that is used again in a later step, a recurrent state, a cached embedding, a
running sum of losses, brings the old graph back, and its second backward finds nothing there.

## Example

```python
hidden = torch.zeros(1, 8)
for batch in batches:
    hidden = cell(batch, hidden)     # named: carries the graph of the batch before
    head(hidden).mean().backward()
    optimizer.step()
```

## Fix

Cut the history where the tensor is carried over, `hidden = hidden.detach()`; compute anew in every step what depends on
parameters; reset a running sum after its backward; add losses that share a graph and call backward once.

`retain_graph=True` silences the error: memory and time grow with every step, and old graphs are backpropagated through weights
that have changed.

## Known problems

Where the old graph was made in a step that was not a deep one, the line that made the tensor is not known, and a
backward call is named.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.backward.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.crashes import severity_of
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each graph that was backpropagated a second time."""
    for observation, seen in observations(record, "graph-reused"):
        backward = next(one.site for one in observation.related if one.role == "second backward")
        severity = severity_of(record, backward)
        if severity is not None:
            yield _finding(observation, seen, severity, _discarded(record, observation))


def _discarded(record: Record, observation: Observation) -> Site | None:
    """Return the line that was to cut the history and threw the result of detach() away."""
    found = [one for one, _ in observations(record, "discarded-detach")]
    made = observation.detail["made"]
    return next((one.site for one in found for other in one.related if _text(other.site) == made), None)


def _text(site: Site) -> str:
    return f"{site.file}:{site.line}"


def _finding(observation: Observation, seen: ObservationSeen, severity: Severity, discarded: Site | None) -> Finding:
    first = next(one.site for one in observation.related if one.role == "first backward")
    second = next(one.site for one in observation.related if one.role == "second backward")
    made, now = observation.detail["made_in_step"], observation.detail["step"]
    when = f" in step {made}" if isinstance(made, int) and made >= 0 and made != now else ""
    if observation.detail["whole"]:
        message = (
            f"The same graph was backpropagated twice: first at line {first.line}, which freed what it had saved, then at line "
            f"{second.line}. Nothing new was computed in between."
        )
        fix = "add the losses and call backward once; or compute the forward anew before the second backward"
    else:
        message = (
            f"What this line makes{when} carries its graph on: the backward at line {first.line} freed it, and the loss of the "
            f"backward at line {second.line} hangs on it again, so the graph is backpropagated a second time."
        )
        fix = (
            "cut the history where it is carried over: keep x.detach() for the next step (a hidden state), reset a running sum "
            "after its backward or accumulate item(), compute anew what depends on parameters instead of caching it, or add "
            "losses that share a graph and call backward once"
        )
    if discarded is not None:
        message = f"detach() is not in-place: its result is thrown away here, so the history is not cut. {message[:1].lower()}{message[1:]}"
        fix = f"use the result of detach(): x = x.detach(); {fix}"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN if observation.detail["operation"] else Confidence.LIKELY,
        title="an old graph is carried over and backpropagated a second time",
        message=message,
        fix=fix,
        not_this="retain_graph=True: the error goes away, memory and time grow with every step",
        location=discarded or observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        evidence={"operation": str(observation.detail["operation"])},
    )


CHECK: Final = Check(name="graph-reuse", code="GP107", find=find, page=__doc__ or "", explains_exceptions=True)

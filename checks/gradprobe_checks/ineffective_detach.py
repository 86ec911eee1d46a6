"""ineffective-detach (GP106).

## What it does

Finds `x.detach()` written as a statement: its result is thrown away, `x` keeps its graph, and goes on to a loss that is
backpropagated, with parameters in it. That the result is dropped is read from the code as it ran.

It is a warning, certain that the statement does nothing. It stays quiet where `x` reaches no loss, and about
`x.detach_()`, which works in place.

## Why is this bad

What was to be a constant, a bootstrap target for instance, is differentiated as well: the gradient goes where it was not
meant to go.

## Example

```python
next_q = target_network(next_state).max(1)[0]
next_q.detach()                                  # does nothing: detach() is not in-place
loss = F.mse_loss(q, reward + gamma * next_q)
```

## Fix

Use the result: `next_q = next_q.detach()`, or compute `next_q` under `torch.no_grad()`.

## Known problems

Only what runs in deep steps is seen.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.Tensor.detach.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.provenance import counted, listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each `detach()` whose result was thrown away."""
    for observation, seen in observations(record, "discarded-detach"):
        yield _finding(record, observation, seen)


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    positions = {position for position, one in enumerate(record.parameters) if one.name in observation.parameters}
    modules = modules_of(record, positions)
    names = listed(modules) if modules else "what it was made from"
    name = observation.site.code.partition(".detach")[0].strip() or "the tensor"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="the result of detach() is thrown away",
        message=f"detach() is not in-place: it returns a tensor without graph, the result is unused here, and {name} keeps its "
        f"graph. The gradient goes on through it to {counted(len(observation.parameters), 'parameter')} of {names}.",
        fix=f"write {name} = {name}.detach(), or compute it under torch.no_grad()",
        not_this="calling it once more elsewhere: each call returns a new tensor and changes none",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules,
        parameters=observation.parameters,
        evidence={"times": seen.count, "parameters": len(observation.parameters)},
    )


CHECK: Final = Check(name="ineffective-detach", code="GP106", find=find, page=__doc__ or "")

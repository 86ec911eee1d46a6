"""wrapper-bypassed (GP802).

## What it does

Finds the line that calls the model within a DistributedDataParallel wrapper instead of the wrapper: `model.module(x)` where
`model(x)` was due. A second `backward()` over one forward of the wrapper is named too.

It is an error where the ranks' gradients or weights were seen to differ in the same run, and a warning where only one rank
recorded. It stays quiet where the ranks stay alike, in a job of one process, and for forwards without gradients (validation,
generation).

## Why is this bad

The wrapper's forward prepares the averaging of gradients for the backward that follows. Without it each rank trains on its own
gradients: nothing raises, and the replicas go apart from the first step.

## Example

```python
model = DistributedDataParallel(Net())
loss = criterion(model.module(x), y)     # named
loss.backward()
```

## Fix

Call the wrapper, `model(x)`. For a method other than `forward`, let `forward` choose it, or wrap a module whose forward is that method.

## Known problems

It is seen in deep steps alone. Parts that `torch.compile` runs are not looked into.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html>
- <https://docs.pytorch.org/docs/stable/notes/ddp.html#internal-design>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.jobs import parted, seen_by_any
from gradprobe_checks.provenance import counted

if TYPE_CHECKING:
    from gradprobe.record.rank import Parted
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

WHAT: Final = "wrapper-bypassed"


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that goes round a wrapper, where that sets the ranks apart, or may."""
    if record.facts.world < 2:
        return
    apart = parted(record, "wrapped")
    was_compared = record.ranks is not None and bool(record.ranks.compared)
    if was_compared and not apart:
        return
    for observation, seen in seen_by_any(record, WHAT):
        yield _finding(record, observation, seen, apart)


def _finding(record: Record, observation: Observation, seen: ObservationSeen, apart: list[Parted]) -> Finding:
    called = bool(observation.detail["called"])
    module = observation.detail["module"]
    if called:
        title = f"{module} is called past its DistributedDataParallel wrapper"
        why = (
            f"This line calls the wrapped {module} itself, not the wrapper, so the gradients of the backward after it are not "
            "averaged over ranks"
        )
        fix = "call the wrapper itself: model(x) instead of model.module(x)"
    else:
        title = "a second backward over one forward of the wrapper is not averaged over ranks"
        why = (
            "This backward goes through a forward of the wrapper that an earlier backward has gone through: gradients are averaged "
            "once for each forward"
        )
        fix = "add the losses up and call backward once, or call the wrapper again before this backward"
    ranks = len({one.rank for one in apart})
    consequence = (
        f": from step {apart[0].step} on, the replicas differ on {counted(ranks + 1, 'rank')}"
        if apart
        else "; the other ranks' records are not here to tell whether they differ"
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if apart else Severity.WARNING,
        confidence=Confidence.CERTAIN if apart else Confidence.LIKELY,
        title=title,
        message=f"{why}{consequence}.",
        fix=fix,
        not_this="averaging the weights by hand every now and then: between two averages each rank trains on its own data alone",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        evidence={"world": record.facts.world, "ranks_apart": ranks},
    )


CHECK: Final = Check(name="wrapper-bypassed", code="GP802", find=find, page=__doc__ or "")

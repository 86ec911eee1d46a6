"""lagging-rank (GP804).

## What it does

Finds ranks that the others wait for in every step, by how long each rank takes between the end of a backward and the begin of the
next one: the optimizer's step, data and the forward, which it does by itself. Whole steps tell nothing, because with
DistributedDataParallel they take equally long on all ranks; where they do not, no rank waits for another, and nothing is said.

It is info: what is slow is not wrong.

## Why is this bad

A job is as fast as its slowest rank. All others stand still meanwhile, and what they report as time in the backward is waiting.

## Example

```python
if rank == 0:
    save_pictures(model(fixed_batch))    # in every step: the other ranks wait for it in their backward
```

## Fix

Look at what this rank alone does between its backwards: loading or making data, logging, saving, evaluating, another program on its
machine. Do it less often, or on all ranks alike.

## Known problems

Only steps on the CPU in which DistributedDataParallel averaged gradients are measured: on a GPU it is the device that waits, not the
host. A rank that is slow in its backward alone is not told from the others, which wait for it there. Where the forward communicates
(batch normalization over ranks, buffers that are sent around), ranks wait for each other in it, and a slow one may not stand out.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/ddp.html#forward-pass>
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.engine.ranks import rank_list
from gradprobe.extensions import Check
from gradprobe.record.failures import has_failed
from gradprobe.values import Confidence, Finding, Severity

if TYPE_CHECKING:
    from gradprobe.record.rank import Pace
    from gradprobe.record.record import Record

ENOUGH: Final = 20
"""Steps of every rank that the medians have to rest on."""
TIMES: Final = 1.5
"""So many times as long as the usual rank another has to take …"""
SHARE: Final = 0.2
"""… and longer by this share of a whole step, for it to be told …"""
IN_STEP: Final = 1.25
"""… while its whole steps take no longer than so many times those of the usual rank: others do not wait for each other."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the slow ranks, where they hold up the others."""
    paces = _paces(record)
    if len(paces) < 2 or min(pace.steps for pace in paces.values()) < ENOUGH:
        return
    order = sorted(paces.values(), key=lambda pace: pace.alone)
    usual = order[(len(order) - 1) // 2]
    slow = [number for number, pace in paces.items() if _holds_up(pace, usual)]
    if not slow:
        return
    slowest = order[-1]
    names, one = rank_list(slow), len(slow) == 1
    yield Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.INFO,
        confidence=Confidence.LIKELY,
        title=f"every step waits for {names}",
        message=f"Between two backwards {names} {'takes' if one else 'take up to'} {_shown(slowest.alone)}, where {_shown(usual.alone)} is "
        f"usual (medians over {slowest.steps} steps): about {_shown(slowest.alone - usual.alone)} of each step is waiting for "
        f"{'it' if one else 'them'} elsewhere.",
        fix=f"look at what {'this rank alone does' if one else 'these ranks alone do'} between backwards (data, logging, saving, "
        "another program on the machine), and do it less often, or on all ranks alike",
        not_this="a longer timeout of the process group: the others would wait as long in every step",
        location=None,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        evidence={
            "ranks": ", ".join(map(str, slow)),
            "seconds": slowest.alone,
            "usual": usual.alone,
            "step": slowest.whole,
        },
    )


def _paces(record: Record) -> dict[int, Pace]:
    """Return the paces of the ranks that are replicas of each other: those of one job, of the same parameters, that came to their end."""
    if record.ranks is None:
        return {}
    known = [(one, one.pace) for one in record.ranks.all if one.pace is not None and not has_failed(one)]
    kinds = Counter((one.names, one.world) for one, _ in known)
    usual = max(kinds, key=lambda kind: kinds[kind], default=None)
    return {one.number: pace for one, pace in known if (one.names, one.world) == usual}


def _holds_up(pace: Pace, usual: Pace) -> bool:
    is_slow = pace.alone >= TIMES * usual.alone and pace.alone - usual.alone >= SHARE * pace.whole
    return is_slow and pace.whole <= IN_STEP * usual.whole


def _shown(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1e3 * seconds:.1f} ms"


CHECK: Final = Check(name="lagging-rank", code="GP804", find=find, page=__doc__ or "")

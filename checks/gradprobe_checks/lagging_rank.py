"""lagging-rank (GP804).

## What it does

Finds a rank that the others wait for in every step, by how long each rank takes between the end of a backward and the begin of the
next one: the optimizer's step, data and the forward, which it does by itself. Whole steps tell nothing, because in a synchronous
job they take equally long on all ranks; where they do not, no rank waits for another, and nothing is said.

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

A rank that is slow in its backward alone is not told from the others, which wait for it there. Where the forward communicates
(sharded models, batch normalization over ranks), ranks wait for each other in it, and none stands out. On a GPU the times are
those of the host.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/ddp.html#forward-pass>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity

if TYPE_CHECKING:
    from gradprobe.record.record import Record

ENOUGH: Final = 20
"""Steps of every rank that the medians have to rest on."""
TIMES: Final = 1.5
"""So many times as long as the others a rank has to take …"""
SHARE: Final = 0.2
"""… and longer by this share of a whole step, for it to be told …"""
IN_STEP: Final = 1.25
"""… while its whole steps take no longer than so many times theirs: ranks that do not wait for each other are not in step."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the slowest rank, where it holds up the others."""
    if record.ranks is None:
        return
    paces = sorted(
        ((one.pace, one) for one in record.ranks.all if one.pace is not None), key=lambda pair: pair[0].alone
    )
    if len(paces) < 2 or min(pace.steps for pace, _ in paces) < ENOUGH:
        return
    usual, _ = paces[(len(paces) - 1) // 2]
    pace, rank = paces[-1]
    longer = pace.alone - usual.alone
    is_slow = pace.alone >= TIMES * usual.alone and longer >= SHARE * pace.whole
    if not is_slow or pace.whole > IN_STEP * usual.whole:
        return
    others = "the other" if len(paces) == 2 else "the others"
    yield Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.INFO,
        confidence=Confidence.LIKELY,
        title=f"every step waits for rank {rank.number}",
        message=f"Between two backwards rank {rank.number} takes {_shown(pace.alone)}, {others} {_shown(usual.alone)} (medians over "
        f"{pace.steps} steps): in each step of {_shown(pace.whole)}, {others} wait about {_shown(longer)} for it.",
        fix="look at what this rank alone does between its backwards (data, logging, saving, another program on its machine), and do it "
        "less often, or on all ranks alike",
        not_this="a longer timeout of the process group: the others would wait as long in every step",
        location=None,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        evidence={"rank": rank.number, "seconds": pace.alone, "others": usual.alone, "step": pace.whole},
    )


def _shown(seconds: float) -> str:
    return f"{seconds:.1f} s" if seconds >= 1 else f"{1e3 * seconds:.1f} ms"


CHECK: Final = Check(name="lagging-rank", code="GP804", find=find, page=__doc__ or "")

"""zero-initialised-pair (GP304).

## What it does

Finds two parameters that are multiplied with each other and that are both all zeros from the start: both factors of a
low-rank adapter, a gate and the layer that it opens, both layers of a residual branch, both tables of a factorisation. It rests on
deep steps, which see what is multiplied with what, and on the gradients of every step.

It is an error where the gradient of both was there and exactly zero in each of at least three steps; info in shorter runs. It stays quiet
where one of the two is not zero (LoRA with only B at zero, zero-initialised last layers and gates), and where either ever had
a gradient.

## Why is this bad

The gradient of each factor is the other factor times something. While both are zero, both gradients are zero, and so they stay: the
gradient is not cut, not small, and no learning rate helps. What is behind the product does not train either.

## Example

```python
self.down = nn.Parameter(torch.zeros(rank, d_in))      # named: initialise this one at random
self.up = nn.Parameter(torch.zeros(d_out, rank))       # this one may stay at zero
y = base(x) + x @ self.down.T @ self.up.T
```

## Fix

Leave one of the two at zero and give the other its usual random initialisation: the product begins at zero all the same.

## Known problems

Within compiled parts and custom functions it is not seen what is multiplied with what.

## Options

None.

## References

- LoRA: <https://arxiv.org/abs/2106.09685> (section 4.1: A random, B zero)
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import counted, listed, modules_of, names_of, never_flowed, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation, Site

LEAST_STEPS: Final = 3
"""Steps with a gradient of exactly zero from which it is an error."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that makes zeros of a factor whose other factor is zero too."""
    positions = {one.name: position for position, one in enumerate(record.parameters)}
    by_site: dict[Site, list[tuple[Observation, int]]] = {}
    for observation, seen in observations(record, "zero-pair"):
        pair = [positions.get(str(observation.detail[name])) for name in ("first", "second")]
        if all(position is not None and _is_held_at_zero(record, position) for position in pair):
            by_site.setdefault(observation.site, []).append((observation, seen.first_step))
    for group in by_site.values():
        group.sort(key=lambda one: positions[str(one[0].detail["first"])])
        behind = {positions[name] for one, _ in group for name in one.parameters if name in positions}
        yield _finding(record, group, {one for one in behind if _is_held_at_zero(record, one)})


def _is_held_at_zero(record: Record, position: int) -> bool:
    one = record.parameters[position]
    return one.optimizer is not None and one.trainable and never_flowed(one) and one.counts.zero > 0


def _finding(record: Record, group: Sequence[tuple[Observation, int]], held: set[int]) -> Finding:
    first, second = str(group[0][0].detail["first"]), str(group[0][0].detail["second"])
    pair = {position for position, one in enumerate(record.parameters) if one.name in (first, second)}
    steps = min(record.parameters[position].counts.zero for position in pair)
    others = f" (and {counted(len(group) - 1, 'more pair')} like it)" if len(group) > 1 else ""
    enough = steps >= LEAST_STEPS
    related = dict.fromkeys(end for one, _ in group for end in one.related)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if enough else Severity.INFO,
        confidence=Confidence.CERTAIN if enough else Confidence.POSSIBLE,
        title=f"{first} and {second} are both zero-initialised: neither ever gets a gradient",
        message=f"{first} and {second}{others} are multiplied with each other and both start at exactly zero, so the gradient of each, "
        f"which is a multiple of the other, is exactly zero: it was in all {counted(steps, 'step')}, and it will stay so. "
        f"{counted(len(held), 'parameter')} of {listed(modules_of(record, held))} "
        f"{'does' if len(held) == 1 else 'do'} not train, although the way to the loss is open.",
        fix=f"leave {second} at zero and initialise {first} at random (kaiming_uniform_, normal_): the product is zero at "
        "the start all the same, and both train",
        not_this="a larger learning rate, or other optimizer settings: any multiple of a gradient of zero is zero",
        location=group[0][0].site,
        first_step=min(step for _, step in group),
        last_step=max(record.facts.steps - 1, 0),
        related=(*related, *backward_sites(record)),
        modules=modules_of(record, held),
        parameters=names_of(record, held),
        evidence={"pairs": len(group), "steps_with_zero_gradient": steps},
    )


CHECK: Final = Check(name="zero-initialised-pair", code="GP304", find=find, page=__doc__ or "")

"""update-lost-to-rounding (GP413).

## What it does

Finds parameters whose updates are lost because a number in their precision cannot be changed by so little: weights in
bfloat16 or float16 that an optimizer steps directly, and float32 values that are very large beside their learning rate. A few
elements of each parameter are compared before and after their optimizer's step, in deep steps: with a gradient that is
not zero, at least nine in ten stayed exactly as they were.

It is an error where nearly all that was sampled stayed (97%), a warning where half of it did or the parameter is float32,
and info where only a few parameters (the gains of norms, mostly) are concerned.

It stays quiet about master weights in float32, about stochastic rounding and rates that are large enough (elements move), and
about steps with less than half of the highest learning rate, those of a warm-up for instance.

## Why is this bad

bfloat16 has 8 bits of precision: beside 1.0 the next number is 1.0078. An update of 0.001 is rounded away, in this step and in
all that follow. The loss stays where it is, or falls just as far as the few small weights can bring it.

## Example

```python
model = model.to(torch.bfloat16)                            # named
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5)  # updates of 1e-5 are nothing beside weights of 0.1
```

## Fix

Keep the weights in float32 and run the forward under `torch.autocast`, or keep float32 master copies for the optimizer. A large
float32 value is better split: train the small difference, and add the large constant in the forward.

## Known problems

In the first steps of a long warm-up nothing can be said; later deep steps decide.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/amp.html>
- Zamirai et al., Revisiting BFloat16 Training, <https://arxiv.org/abs/2010.06192>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.provenance import counted, listed, modules_of, observations
from gradprobe_checks.sampled import LEAST_STEPS, Sampled, positions, sampled, span

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

MOST_OF: Final = 0.9
"""Share of a parameter's sampled elements that stayed from which its updates are lost."""
ALL: Final = 0.97
"""Share of all sampled elements that stayed from which it is an error."""
HALF: Final = 0.5
"""Share of all sampled elements that belong to such parameters from which it is a warning."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer and line that made weights too coarse for their updates."""
    for everything in sampled(record).values():
        lost = [one for one in everything if is_lost(one)]
        by_line: dict[Site | None, list[Sampled]] = {}
        for one in lost:
            by_line.setdefault(_line(record, one), []).append(one)
        for line, group in by_line.items():
            yield _finding(record, group, everything, line)


def is_lost(one: Sampled) -> bool:
    """Return whether a parameter's updates are lost to rounding."""
    due, kept = one.number("due"), one.number("kept")
    if one.number("steps") < LEAST_STEPS or not due or kept < MOST_OF * due:
        return False
    return one.is_half or one.number("coarse") >= MOST_OF * kept


def _line(record: Record, one: Sampled) -> Site | None:
    """Return the line that made it as coarse as it is."""
    if one.is_half:
        for observation, _ in observations(record, "half-parameters"):
            if one.name in observation.parameters:
                return observation.site
    made = one.observation.site if one.observation.site.line else None
    return (one.site("cast here") if one.is_half else None) or made or one.optimizer.built


def _finding(record: Record, group: list[Sampled], everything: Sequence[Sampled], line: Site | None) -> Finding:
    due, kept = (sum(one.number(key) for one in group) for key in ("due", "kept"))
    all_due, all_kept = (sum(one.number(key) for one in everything) for key in ("due", "kept"))
    first, half = group[0], group[0].is_half
    severity = Severity.INFO
    if all_kept >= ALL * all_due:
        severity = Severity.ERROR
    elif not half or due >= HALF * all_due:
        severity = Severity.WARNING
    where = positions(record, group)
    modules = modules_of(record, where)
    names = listed(modules or [one.name for one in group])
    dtype = str(first.observation.detail.get("dtype"))
    rate = first.observation.detail.get("rate")
    built = first.optimizer.built
    fix = (
        f"keep the weights in float32 and run the forward under torch.autocast (or give the optimizer float32 master copies); {dtype} "
        "weights cannot take updates this small"
        if half
        else f"train the small part apart from the large: keep {names} as a difference from a constant that the forward adds, "
        "or rescale it"
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN if severity is Severity.ERROR else Confidence.LIKELY,
        title=f"updates of {names} are lost to rounding: {dtype} is too coarse for them",
        message=f"Of {counted(due, 'sampled element')} of {counted(len(group), 'parameter')} of {names} that had a gradient, {kept} "
        f"stayed exactly as they were in their optimizer's step. {first.optimizer.type} changes them by less than half a unit in the "
        f"last place of {dtype} (learning rate {rate:.2g}), and the sum is rounded back to the old value.",
        fix=fix,
        not_this="training longer: each update is lost by itself, they do not add up"
        if half
        else "a larger learning rate: what is then large enough for this value is too large for the rest",
        location=line,
        first_step=span(group)[0],
        last_step=span(group)[1],
        related=(RelatedSite(built, "optimizer built here"),) if built is not None and built != line else (),
        modules=modules,
        parameters=tuple(one.name for one in group),
        evidence={"sampled": due, "unchanged": kept, "dtype": dtype},
    )


CHECK: Final = Check(name="update-lost-to-rounding", code="GP413", find=find, page=__doc__ or "")

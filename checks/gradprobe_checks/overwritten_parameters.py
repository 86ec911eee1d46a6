"""overwritten-parameters (GP412).

## What it does

Finds lines that write other values into a model that an optimizer trains, over and over while it trains, so that what each
step changed is lost: an average that is copied back into the live model, a state that is loaded in every step, weights that are
rounded to a grid, a restore at the end of each round.

A few elements of each parameter are compared in deep steps. It is an error where the change of every sampled step was gone, to
four fifths or more, when the next one began, in at least three steps, and a line of the script that wrote to most of the
parameters was seen; and where `load_state_dict` took the model back to the values it began with in each of at least three
rounds, with the optimizer as it was.

It stays quiet about writes that leave what the step changed: clamping, normalising, averages that are swapped in for validation
and out again, Lookahead, SAM, one restore of the best weights; and about rounds for which the optimizer is built or loaded
anew (episodes, folds).

## Why is this bad

The optimizer takes its steps, gradients look well, and the model stays where it was.

## Example

```python
optimizer.step()
for shadow, p in zip(ema, model.parameters()):
    shadow.lerp_(p, 0.005)
    p.data.copy_(shadow)            # named: 99.5% of the step is taken back
```

## Fix

Write averages and snapshots to a copy, and let the optimizer's model be. Load a state once, before the loop over batches.

## Known problems

Writes in steps that are not deep are seen only where they go through `load_state_dict`.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/optim.html#weight-averaging-swa-and-ema>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.ownership import most_common_line
from gradprobe_checks.provenance import counted, listed, modules_of, observations
from gradprobe_checks.sampled import Sampled, positions, sampled, span

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

MOST_OF: Final = 0.8
"""Share of an optimizer's sampled parameters that must lose their changes."""
LEAST_WRITES: Final = 2
"""Steps in which other values were written over a parameter."""
LEAST_RETURNS: Final = 3
"""Rounds that ended where they began."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that takes back what an optimizer does."""
    told: set[tuple[str, int]] = set()
    for everything in sampled(record).values():
        finding = _lost(record, everything)
        if finding is not None:
            if finding.location is not None:
                told.add((finding.location.file, finding.location.line))
            yield finding
    for observation, seen in observations(record, "back-to-start"):
        times, loads = observation.detail.get("times"), observation.detail.get("loads")
        if not isinstance(times, int) or not isinstance(loads, int) or times < LEAST_RETURNS or times < loads - 1:
            continue
        if (observation.site.file, observation.site.line) not in told:
            yield _returns(record, observation.site, observation.parameters, times, (seen.first_step, seen.last_step))


def _lost(record: Record, everything: list[Sampled]) -> Finding | None:
    judged = [one for one in everything if one.number("pairs")]
    written = [one for one in judged if one.is_lost and one.number("overwritten") >= LEAST_WRITES]
    undone = [one for one in judged if one.is_undone and one.site("written here") is not None]
    group = written if len(written) >= len(undone) else undone
    if not group or len(group) < MOST_OF * len(judged):
        return None
    roles = ("overwritten here", "written here") if group is written else ("written here",)
    line = most_common_line([next((site for role in roles if (site := one.site(role))), None) for one in group])
    if line is None:
        return None
    modules = modules_of(record, positions(record, group))
    names = listed(modules or [one.name for one in group])
    pairs = max(one.number("pairs") for one in group)
    lost = max(one.number("lost") for one in group)
    whole = all(one.is_undone for one in group)
    left = "nothing of the change" if whole else "less than a fifth of the change"
    built = group[0].optimizer.built
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"what the optimizer changes in {names} is overwritten after every step",
        message=f"This line writes other values into {names}, which {group[0].optimizer.type} trains. "
        f"After {lost} of {counted(pairs, 'sampled step')} {left} was left when the next one began.",
        fix="write to a copy (an average, a snapshot, a rounded model for the forward) and let the optimizer's own parameters be; or do "
        "this once, not in every step",
        not_this="a larger learning rate: larger changes are taken back just the same",
        location=line,
        first_step=span(group)[0],
        last_step=span(group)[1],
        related=(RelatedSite(built, "optimizer built here"),) if built is not None else (),
        modules=modules,
        parameters=tuple(one.name for one in group),
        evidence={"parameters": len(group), "sampled_steps": pairs},
    )


def _returns(record: Record, site: Site, names: tuple[str, ...], times: int, steps: tuple[int, int]) -> Finding:
    modules = modules_of(record, {place for place, one in enumerate(record.parameters) if one.name in names})
    shown = listed(modules or names)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.LIKELY,
        title=f"{shown} is taken back to where it began, again and again",
        message=f"After load_state_dict() at this line, {shown} had the very values it began with, {times} times, with training in "
        "between and the optimizer as it was. What was learned in each round is overwritten.",
        fix="leave the load out where the round's result is to be kept, or load the state that was made of it",
        not_this="more steps in each round: they are taken back just the same",
        location=site,
        first_step=steps[0],
        last_step=steps[1],
        modules=modules,
        parameters=names,
        evidence={"times": times},
    )


CHECK: Final = Check(name="overwritten-parameters", code="GP412", find=find, page=__doc__ or "")

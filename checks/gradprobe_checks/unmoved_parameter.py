"""unmoved-parameter (GP405).

## What it does

Finds parameters that their optimizer steps, with a gradient that is not zero, and that do not change: a step of the script's own
that writes to a copy, a learning rate that is nothing beside the values. A few elements of each parameter are compared before and
after the step, in deep steps.

It is an error where nothing that the optimizer owns moved in any of at least three sampled steps, a warning where some did not.

It stays quiet about learning rates of zero (*zero-learning-rate*), about updates that rounding swallows
(*update-lost-to-rounding*), and about changes that are taken back later (*overwritten-parameters*).

## Why is this bad

Gradients flow, the optimizer steps, and the model stays as it was made.

## Example

```python
class Descent(torch.optim.Optimizer):
    def step(self, closure=None):
        for group in self.param_groups:
            for p in group["params"]:
                p = p - group["lr"] * p.grad      # a new tensor; the parameter stays as it was
```

## Fix

Write the update in place, under `torch.no_grad()`: `p.sub_(lr * p.grad)`, `p.add_(p.grad, alpha=-lr)`.

## Known problems

Where the optimizer is not the script's own, the line that builds it is named, with its settings to look at.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/extending.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.provenance import agreeing, counted, listed, modules_of
from gradprobe_checks.sampled import Sampled, positions, sampled, span
from gradprobe_checks.update_lost_to_rounding import is_lost

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each optimizer that leaves parameters as they are."""
    for everything in sampled(record).values():
        still = [one for one in everything if one.is_still and not is_lost(one)]
        if still:
            yield _finding(record, still, everything)


def _reason(is_own: bool) -> tuple[str, str]:
    """Return why nothing moves, and what to do."""
    if is_own:
        return (
            "The script's own step() leaves the parameters as they are.",
            "let the step write to the parameter itself, in place and under torch.no_grad(): p.add_(p.grad, alpha=-lr)",
        )
    return (
        "The optimizer's step leaves the parameters as they are.",
        "look at the optimizer's settings (a rate, a factor, a dampening that makes nothing of the gradient), and at what wraps its step",
    )


def _finding(record: Record, still: list[Sampled], everything: list[Sampled]) -> Finding:
    optimizer = still[0].optimizer
    modules = modules_of(record, positions(record, still))
    names = listed(modules or [one.name for one in still])
    steps = min(one.number("steps") for one in still)
    rate = still[0].observation.detail.get("rate")
    whole = len(still) == len(everything)
    step_method = still[0].site("optimizer's step")
    location: Site | None = step_method or optimizer.built
    why, fix = _reason(step_method is not None)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if whole else Severity.WARNING,
        confidence=Confidence.CERTAIN if whole else Confidence.LIKELY,
        title=f"{names} {agreeing(names, 'has a gradient, is stepped, and does', 'have a gradient, are stepped, and do')} not move",
        message=f"In {counted(steps, 'sampled step')} of {optimizer.type} (learning rate {rate:.2g}), no sampled element of "
        f"{counted(len(still), 'parameter')} of {names} changed, although its gradient was not zero. {why}",
        fix=fix,
        not_this="training longer: no step changes anything",
        location=location,
        first_step=span(still)[0],
        last_step=span(still)[1],
        related=tuple(
            one for one in optimizer_sites(record, [optimizer.number]) if location is None or one.site != location
        )
        + ((RelatedSite(step_method, "the script's own step"),) if step_method and step_method != location else ()),
        modules=modules,
        parameters=tuple(one.name for one in still),
        evidence={"parameters": len(still), "sampled_steps": steps},
    )


CHECK: Final = Check(name="unmoved-parameter", code="GP405", find=find, page=__doc__ or "")

"""stale-parameter (GP402).

## What it does

Finds optimizers that hold parameters which are no part of the model any more: a layer was replaced, the model was loaded
or copied anew, or a weight was re-parametrized after the optimizer was built. The line that put the new parameters there is named.

It is an error where all of this was seen: the optimizer holds parameters that no module has and no loss reaches, others took
their place, these had a gradient that is not zero, no optimizer was ever given them, and they did not change in at least 3 steps.

## Why is this bad

An optimizer holds tensors, not names. It goes on stepping the old ones, which nothing uses, and the new ones stay as they
were made. Nothing raises.

## Example

```python
optimizer = torch.optim.AdamW(model.parameters())
model.classifier = nn.Linear(96, 5)          # named: the optimizer holds the old classifier's parameters
```

## Fix

Change the model first and build the optimizer after; or hand the new parameters over with `add_param_group()`. To go back to
an earlier state, fill the model in place with `load_state_dict()` instead of replacing it.

## Known problems

Where the replacement itself was not seen (by code that is compiled), the line that made the new parameter is named, or the one
that built the optimizer.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/optim.html#constructing-it>
- <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.add_param_group.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Finding, RelatedSite
from gradprobe_checks.ownership import Stray, gravity, groups, most_common_line, parts_of
from gradprobe_checks.provenance import counted, listed

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each optimizer that was left with parameters of the past."""
    for group in groups(record, ("stale",)):
        yield _finding(record, group)


def _finding(record: Record, group: list[Stray]) -> Finding:
    optimizer = group[0].optimizer
    assert optimizer is not None
    parts = parts_of(record, group)
    names = listed(parts)
    places = [one.site("replaced here") or one.site("made anew here") or one.made for one in group]
    location = most_common_line(places) or optimizer.built
    severity, confidence = gravity(record, group, may_come_later=False)
    steps = max(one.steps_with_gradient for one in group)
    gone = group[0].number("gone")
    others = dict.fromkeys(site for site in places if site is not None and site != location)
    built = [optimizer.built] if optimizer.built is not None and optimizer.built != location else []
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=confidence,
        title=f"{names} was replaced after the optimizer was built, and is not in the optimizer",
        message=f"The optimizer {optimizer.type} still holds {counted(gone, 'parameter')} that are no part of the model any more; "
        f"those that took their place here were never given to it. {counted(len(group), 'parameter')} of {names} had a gradient "
        f"in {counted(steps, 'step')} and never changed.",
        fix=f"build the optimizer after this line, or give it the new parameters with add_param_group(); or fill {names} in "
        "place (load_state_dict, copy_) instead of replacing it",
        not_this=f"a larger learning rate: the optimizer steps tensors that the model does not use, and not {names}",
        location=location,
        first_step=min(one.seen.first_step for one in group),
        last_step=max(record.facts.steps - 1, 0),
        related=(
            *(RelatedSite(site, "replaced here") for site in list(others)[:4]),
            *(RelatedSite(site, "optimizer built here") for site in built),
        ),
        modules=parts,
        parameters=tuple(one.name for one in group),
        evidence={"parameters": len(group), "stale_parameters": gone, "steps_with_gradient": steps},
    )


CHECK: Final = Check(name="stale-parameter", code="GP402", find=find, page=__doc__ or "")

"""recreated-parameter (GP403).

## What it does

Finds lines that make a parameter anew again and again, in every forward or every step: the loss trains each of them for a
moment, no optimizer is ever given it, and the next one begins from fresh values.

It is an error where several were made by the same line, one in the place of the other or each for steps of its own, where at
least one had a gradient that is not zero, and no optimizer owned any of them.

A layer of torch's own whose parameters begin as ones and zeros, a `LayerNorm` made in forward, is info: it normalises, and learns
nothing.
It stays quiet where an optimizer is built for each of them (folds, latent codes, inner loops), and where the script
reads their gradients itself (adversarial perturbations).

## Why is this bad

What such a parameter learns is lost with it: an optimizer holds the first one, or none. The values jump at each forward.

## Example

```python
def forward(self, x):
    self.projection = nn.Linear(x.shape[1], 64)      # named: a new layer in every forward
    return self.projection(x)
```

## Fix

Make the layer once, in `__init__`. Where its size is known only later, use a lazy module (`nn.LazyLinear`) and run one forward
before the optimizer is built. A weight that is computed from parameters needs no `nn.Parameter` around it.

## Known problems

Before three steps nothing more than info is said.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.LazyLinear.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Finding, RelatedSite, Severity
from gradprobe_checks.ownership import Stray, gravity, groups
from gradprobe_checks.provenance import listed

if TYPE_CHECKING:
    from gradprobe.record.record import Record


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each line that makes parameters anew."""
    for group in groups(record, ("recreated",)):
        yield _finding(record, group)


def _finding(record: Record, group: list[Stray]) -> Finding:
    optimizer = group[0].optimizer
    assert optimizer is not None
    names = list(dict.fromkeys(one.name for one in group))
    modules = tuple(dict.fromkeys(name.rpartition(".")[0] for name in names if "." in name and " " not in name))
    shown = listed(modules or names)
    copied = any(one.word("contents") == "copied" for one in group)
    severity, confidence = gravity(record, group, may_come_later=False)
    if all(one.word("contents") == "constant" and one.observation.detail.get("of_torch") for one in group):
        severity = Severity.INFO  # A LayerNorm that is made in forward normalises: its ones and zeros do no harm.
    fix = (
        "compute the weight as a plain tensor, without nn.Parameter around it, so that the gradient goes on to the parameter "
        "it is made of"
        if copied
        else "make it once, in __init__ and before the optimizer is built; where its size is known only at the first call, use a "
        "lazy module such as nn.LazyLinear and run one forward first"
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=confidence,
        title=f"{shown} is created anew again and again, and is never in the optimizer",
        message=f"This line makes a new parameter each time it runs, and the loss trains it only until the next one: {shown} starts "
        f"from fresh values each time. The optimizer {optimizer.type} was given none of them, so nothing that they learn is kept.",
        fix=fix,
        not_this="building the optimizer again in each step: its state and what was learned would be thrown away each time",
        location=group[0].made or group[0].site("replaced here"),
        first_step=min(one.seen.first_step for one in group),
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(optimizer.built, "optimizer built here"),) if optimizer.built is not None else (),
        modules=modules,
        parameters=tuple(names),
        evidence={"parameters_seen": len(group)},
    )


CHECK: Final = Check(name="recreated-parameter", code="GP403", find=find, page=__doc__ or "")

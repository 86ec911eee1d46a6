"""low-precision-epsilon (GP507).

## What it does

Finds constants that keep a value from zero, or from one, and that the value's own precision rounds away: `+ 1e-8` in
float16, whose smallest number is 6e-8; a clamp to `1 - 1e-7`, which is 1 in float16 and in bfloat16. It rests on the dtype
in which the sum was made, on the logarithm, root or division that it was to protect, and on a loss being made of it.

It is an error where a value was met that the constant was to prevent and something became infinite or NaN, a warning where it
was met, and info where it was not met yet.

## Why is this bad

The protection is not there: one zero in a batch makes the loss infinite or NaN.

## Example

```python
probability = torch.softmax(logits.half(), dim=-1)
loss = -(target * torch.log(probability + 1e-8)).sum()   # named: 1e-8 is 0 in float16
```

## Fix

Compute this in float32, or use a constant that the precision holds: 1e-4, or `torch.finfo(x.dtype).tiny`.

## Known problems

A constant that is itself a tensor is not looked at.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/type_info.html#torch.torch.finfo>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.text.figures import metric as figure
from gradprobe.values import Confidence, Finding, Severity, StepSkipped
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each constant that was rounded away."""
    is_broken = _is_broken(record)
    told = set()
    for observation, seen in observations(record, "epsilon-lost"):
        if observation.site not in told:
            told.add(observation.site)
            yield _finding(observation, seen, is_broken=is_broken, hidden=hidden_in_log(record))


def accounts_for(record: Record, site: Site) -> bool:
    """Return whether a value that is not finite was born at this line because an epsilon was rounded away."""
    for one, _ in observations(record, "epsilon-lost"):
        lines = {
            (end.file, end.line)
            for end in (one.site, *(other.site for other in one.related if other.role != "backward"))
        }
        if one.detail["met"] and (site.file, site.line) in lines:
            return True
    return False


def _is_broken(record: Record) -> bool:
    """Return whether anything became infinite or NaN."""
    norms = any(one.counts.non_finite for one in record.parameters)
    losses = any(not np.isfinite(one.values).all() for one in record.metrics.values() if one.source == "loss")
    return norms or losses or any(isinstance(seen.incident, StepSkipped) for seen in record.incidents)


def _finding(observation: Observation, seen: ObservationSeen, *, is_broken: bool, hidden: str) -> Finding:
    detail = observation.detail
    epsilon, dtype, protects = float(detail["epsilon"] or 0.0), str(detail["dtype"]), str(detail["protects"])
    met, rounded = bool(detail["met"]), "0" if not detail["rounds_to"] else "1"
    severity = Severity.INFO if not met else Severity.ERROR if is_broken else Severity.WARNING
    consequence = (
        f"A value of exactly {rounded} has come to {protects}"
        + (", and something became infinite or NaN." if is_broken else ".")
        if met
        else f"No value of exactly {rounded} has come to {protects} so far."
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN if met and is_broken else Confidence.LIKELY,
        title=f"the epsilon {figure(epsilon)} is {rounded} in {dtype}",
        message=f"The epsilon {figure(epsilon)} is to keep what {protects} is given away from {rounded}, but in {dtype} it rounds to "
        f"{rounded}, so it protects nothing. {consequence}{hidden if is_broken else ''}",
        fix=f"compute this in float32 (.float()), or use an epsilon that {dtype} holds: 1e-4, or torch.finfo(x.dtype).tiny for a divisor",
        not_this="a smaller epsilon, or nan_to_num behind it: the protection is still not there",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        parameters=observation.parameters,
        evidence={"epsilon": epsilon, "dtype": dtype},
    )


CHECK: Final = Check(name="low-precision-epsilon", code="GP507", find=find, page=__doc__ or "")

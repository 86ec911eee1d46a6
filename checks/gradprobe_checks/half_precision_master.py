"""half-precision-master (GP502).

## What it does

Finds parameters in float16 or bfloat16 that an optimizer trains, where that had a consequence: a gradient scaler refused their
gradients ("Attempting to unscale FP16 gradients"), or the optimizer's steps left them as they were although they had gradients,
because updates that small are lost in the rounding, or an optimizer whose epsilon is zero in float16 divided by zero. It names
the line that made them half: `model.half()`, `.to(torch.float16)`, a dtype argument, `torch.set_default_dtype`.

A refused gradient that ended the run, and a division by zero after which gradients were not finite, are errors; updates that
are lost are a warning. Half-precision parameters that move are not reported.

## Why is this bad

float16 knows 11 bits: a weight of 1 does not feel an update below 0.0005. And a scaler expects float32 gradients of float32 parameters.

## Example

```python
model = Net().half()                       # named
scaler = torch.amp.GradScaler()
scaler.scale(loss).backward()
scaler.step(optimizer)                     # raises: Attempting to unscale FP16 gradients
```

## Fix

Keep the parameters in float32 and let `torch.autocast` choose the dtype of the operations.

## Known problems

Parameters that were made half before the recording began are named where they were made.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/amp.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Crashed, Finding, RelatedSite, Severity
from gradprobe_checks.provenance import counted, listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation

ENOUGH: Final = 200
"""Sampled elements that steps should have moved, from which it is judged whether they do."""
MOST_OF: Final = 0.6
"""Share of them that must have stayed as they were."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the half parameters that a scaler refused, or whose updates are lost."""
    found = sorted(observations(record, "half-parameters"), key=lambda one: -_elements(one[0]))
    refused = _refused(record)
    halves = [one for one, _ in found if one.detail["dtype"] == "float16" and one.detail["scaler"]]
    steps = [seen.first_step for _, seen in found], [seen.last_step for _, seen in found]
    span = (min(steps[0], default=0), max(steps[1], default=0))
    if refused is not None and halves:
        yield _finding(record, halves, refused, span)
        return
    divided = [one for one, _ in found if one.detail.get("epsilon") and _is_not_finite(record, one)]
    if divided:
        yield _finding(record, divided, None, span)
        return
    still = [one for one, _ in found if _is_lost(one)]
    if still:
        yield _finding(record, still, None, span)


def _elements(observation: Observation) -> int:
    return int(str(observation.detail["elements"]))


def _refused(record: Record) -> Crashed | None:
    """Return the exception by which a scaler refused gradients and ended the run."""
    for seen in record.incidents:
        crash = seen.incident
        if isinstance(crash, Crashed) and crash.during in ("unscale", "optimizer step") and crash.type == "ValueError":
            exception = record.facts.exception
            if exception is not None and exception.startswith(crash.type):
                return crash
    return None


def _is_not_finite(record: Record, observation: Observation) -> bool:
    """Return whether gradients of these parameters were not finite."""
    return any(one.counts.non_finite > 0 for one in record.parameters if one.name in observation.parameters)


def _is_lost(observation: Observation) -> bool:
    """Return whether the optimizer's steps left most of these parameters as they were."""
    due, kept = int(str(observation.detail["due"])), int(str(observation.detail["kept"]))
    return due >= ENOUGH and kept >= MOST_OF * due


def _finding(record: Record, found: list[Observation], refused: Crashed | None, span: tuple[int, int]) -> Finding:
    first = found[0]
    parameters = tuple(dict.fromkeys(name for one in found for name in one.parameters))
    positions = {position for position, one in enumerate(record.parameters) if one.name in parameters}
    modules = modules_of(record, positions)
    dtype, by = first.detail["dtype"], first.detail["by"]
    how = f"{by} at this line makes" if by else "This line makes"
    what = f"{how} {counted(len(parameters), 'parameter')} {dtype} (half precision) that an optimizer trains"
    related = [RelatedSite(one.site, "made half here") for one in found[1:4]]
    related += first.related
    if refused is not None:
        message = (
            f"{what}, so their gradients are {dtype} too. The GradScaler at line {refused.site.line} refuses to unscale "
            "FP16 gradients and raises: it expects float32 parameters."
        )
        related.append(RelatedSite(refused.site, "unscale raised here"))
    elif first.detail.get("epsilon"):
        message = (
            f"{what} with epsilon {first.detail['epsilon']:g}. In {dtype} that is zero: where a second moment is zero too, the update "
            "divides 0 by 0, and the parameters become NaN."
        )
    else:
        message = (
            f"{what}: of the {first.detail['due']} elements of {listed(modules) if modules else 'them'} that were sampled and had "
            f"a gradient, {first.detail['kept']} did not change in their step. "
            f"The updates are smaller than {dtype} can add to the weights, and are lost in the rounding."
        )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if refused is not None or first.detail.get("epsilon") else Severity.WARNING,
        confidence=Confidence.CERTAIN if by else Confidence.LIKELY,
        title=f"trained parameters are {dtype}",
        message=message,
        fix="keep the parameters in float32 (master weights), and run the forward under torch.autocast, which casts what may be half",
        not_this="a larger loss scale or catching the error: the parameters stay in half precision"
        if refused is not None
        else "a larger learning rate: what is small stays lost, and what is large overshoots",
        location=first.site,
        first_step=span[0],
        last_step=span[1],
        related=tuple(related),
        modules=modules,
        parameters=parameters,
        evidence={"dtype": str(dtype), "parameters": len(parameters)},
    )


CHECK: Final = Check(name="half-precision-master", code="GP502", find=find, page=__doc__ or "")

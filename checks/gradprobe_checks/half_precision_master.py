"""half-precision-master (GP502).

## What it does

Finds parameters in float16 that an optimizer trains, where that had a consequence: a gradient scaler refused their gradients
("Attempting to unscale FP16 gradients") and that ended the run, or the optimizer's epsilon is zero in float16 and gradients became
NaN. It names the line that made them half: `model.half()`, `.to(torch.float16)`, a dtype argument, `torch.set_default_dtype`.

It is an error. Parameters in half precision that train are not reported; those whose updates are too small for them are the matter of
`update-lost-to-rounding`.

## Why is this bad

A scaler expects float32 gradients of float32 parameters. And the smallest number of float16 is 6e-8: Adam's epsilon of 1e-8 is zero in
it, and so is the square of a gradient below 2e-4.

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
from gradprobe_checks.provenance import counted, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the half parameters that a scaler refused, or that were divided by zero."""
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
    else:
        message = (
            f"{what} with epsilon {first.detail['epsilon']:g}. In {dtype} that is zero: where a second moment is zero too, the update "
            "divides 0 by 0, and the parameters become NaN."
        )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN if by else Confidence.LIKELY,
        title=f"trained parameters are {dtype}",
        message=message,
        fix="keep the parameters in float32 (master weights), and run the forward under torch.autocast, which casts what may be half",
        not_this="a larger loss scale or catching the error: the parameters stay in half precision"
        if refused is not None
        else "clipping, or a smaller learning rate: 0 / 0 is NaN at any rate",
        location=first.site,
        first_step=span[0],
        last_step=span[1],
        related=tuple(related),
        modules=modules,
        parameters=parameters,
        evidence={"dtype": str(dtype), "parameters": len(parameters)},
    )


CHECK: Final = Check(
    name="half-precision-master", code="GP502", find=find, page=__doc__ or "", explains_exceptions=True
)

"""scale-collapse (GP503).

## What it does

Finds runs in which a gradient scaler leaves every step out: it finds gradients that are not finite, lowers its scale,
and finds them again, up to the end. It rests on the steps that the scaler was asked for, taken, and left out.

It is an error once the scale is so low (1 or less) that scaling cannot be the reason any more, or after twenty steps in a row; a
warning after ten. Skipped steps at the beginning, and now and then, are how a scaler finds its scale, and are no finding.

## Why is this bad

Nothing trains: no step is taken, and nothing raises.

## Example

```python
length = x.pow(2).sum(-1).sqrt()      # the gradient of sqrt at 0 is infinite, whatever the scale
...
scaler.step(optimizer)                # leaves out every step
scaler.update()                       # halves the scale each time
```

## Fix

Find the operation whose result or gradient is infinite or NaN without any scaling: run a batch without the scaler,
with `torch.autograd.detect_anomaly()`. Where only the scale is too high for long, leave `init_scale` and `backoff_factor` as they are.

## Known problems

Where the infinity is born is named only if that was seen; else it is the line of `scaler.step`, or where the scaler was built.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/amp.html#gradient-scaling>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.extensions import Check
from gradprobe.text.figures import metric as figure
from gradprobe.values import Confidence, Finding, RelatedSite, ScalerCall, Severity, Site
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import counted, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Observation

LEAST: Final = 10
"""Steps left out in a row, up to the newest, from which it is a warning."""
FIXES: Final = {
    "softmax": "leave at least one position unmasked in each row, or fill with -1e9 instead of -inf",
    "sqrt": "add a small epsilon inside: (x + 1e-9).sqrt(), because the derivative of sqrt at zero is infinite",
    "norm": "add a small epsilon inside the root: the derivative of a norm at zero is not defined",
    "matmul": "compute this in float32 (autocast off), or bring the inputs to a smaller scale: float16 ends at 65,504",
}
"""What to do about operations that make something infinite."""
CERTAIN: Final = 20
"""The same from which it is an error whatever the scale: from 65,536 down to 1 it takes 16."""
SKIPPED: Final = "skipped_by_scaler"
"""The metric of steps that a fused optimizer on a device left out: 1 where it did."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each place where a scaler was asked for steps and has left out all of them for long."""
    told = False
    for one in _collapsed(record):
        told = True
        in_a_row, taken = int(one.detail["in_a_row"] or 0), int(one.detail["taken"] or 0)
        scale = one.detail["last_scale"]
        built = next((end for end in one.related if end.role == "scaler built here"), None)
        yield _finding(record, one.site, in_a_row, taken, float(scale) if scale is not None else None, built)
    if not told:
        yield from _on_device(record)


def is_collapsed(record: Record) -> bool:
    """Return whether a scaler left out every step up to the newest: this check tells where that comes from."""
    return any(True for _ in _collapsed(record))


def _collapsed(record: Record) -> Iterator[Observation]:
    for one, _ in observations(record, "scaler-steps"):
        if int(one.detail["in_a_row"] or 0) >= LEAST:
            yield one


def _on_device(record: Record) -> Iterator[Finding]:
    metric = record.metrics.get(SKIPPED)
    if metric is None or not len(metric.values):
        return
    stepped = np.flatnonzero(metric.values < 1)
    in_a_row = len(metric.values) - (int(stepped[-1]) + 1 if len(stepped) else 0)
    site = next(
        (one.call.site for one in record.calls if isinstance(one.call, ScalerCall) and one.call.method == "step"), None
    )
    if in_a_row >= LEAST and site is not None:
        scales = record.metrics.get("loss_scale")
        scale = float(scales.values[-1]) if scales is not None and len(scales.values) else None
        yield _finding(record, site, in_a_row, len(stepped), scale, None)


def _finding(
    record: Record, site: Site, in_a_row: int, taken: int, scale: float | None, built: RelatedSite | None
) -> Finding:
    born = next((one for one, _ in observations(record, "non-finite-born") if one.detail["order"] == 0), None)
    is_low = scale is not None and scale <= 1
    is_high = born is None and scale is not None and scale > 1 and taken == 0 and built is not None
    steps = "every step" if not taken else f"the last {in_a_row} steps, after {counted(taken, 'step')} that it took"
    if born is not None:
        way = "the gradient" if born.detail["how"] == "backward" else "the result"
        why = f"It is not the scale: {way} of {born.detail['operation']} is infinite or NaN here, whatever the scale."
    elif is_low:
        why = f"The scale has fallen to {figure(scale or 0)}, so it is not the scale: a value or a gradient is infinite or NaN by itself."
    elif is_high:
        why = f"The scale is still {figure(scale or 0)}: either it falls too slowly, or a gradient is infinite or NaN by itself."
    else:
        why = "A value or a gradient is infinite or NaN, whatever the scale."
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if is_low or in_a_row >= CERTAIN else Severity.WARNING,
        confidence=Confidence.CERTAIN if is_low or in_a_row >= CERTAIN else Confidence.LIKELY,
        title=f"the gradient scaler skips {'every step' if not taken else 'every step since'}: its scale collapses",
        message=f"GradScaler left out {steps}, because it found infinite gradients (inf or NaN), {in_a_row} times in a row. {why}",
        fix=(
            "leave init_scale and backoff_factor as they are, so that the scale comes down in a few steps"
            if is_high
            else FIXES.get(
                str(born.detail["operation"]),
                "keep the argument of this operation where it is defined: an epsilon, a clamp, a mask that leaves something",
            )
            if born is not None
            else "find what is infinite without the scaler: run a batch without it under torch.autograd.detect_anomaly(); "
            "a sqrt, norm, log or division at 0, an overflow of float16 (65,504), a row that is masked out entirely"
        ),
        not_this="a smaller init_scale: the scaler has tried smaller ones already" if not is_high else "",
        location=born.site if born is not None else built.site if is_high and built is not None else site,
        first_step=taken,
        last_step=max(record.facts.steps - 1, 0),
        related=(RelatedSite(site, "scaler's step"), *((built,) if built else ()), *backward_sites(record)),
        evidence={"skipped_in_a_row": in_a_row, "taken": taken, **({} if scale is None else {"scale": scale})},
    )


CHECK: Final = Check(name="scale-collapse", code="GP503", find=find, page=__doc__ or "")

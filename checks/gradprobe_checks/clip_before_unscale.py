"""clip-before-unscale (GP501).

## What it does

Finds gradients that are clipped while a gradient scaler's factor is still on them: by torch's own functions in any
step, by hand (a norm, and a product with what was made of it; a clamp) in deep steps. It rests on the scaled losses that were
backpropagated, on which optimizer was unscaled, and on whether the clipping had an effect: the scaled norm was beyond the limit.

It is an error where the clipping had an effect, info where it had none. Reading a norm of scaled gradients is info, and a
warning where batches are left out by it. It stays quiet where the threshold was multiplied by the scale.

## Why is this bad

The gradients are some 65536 times larger than the limit was chosen for, so nearly all of them are clipped; then they are
divided by the scale, and what is left is a gradient with a norm of at most limit / scale.

## Example

```python
scaler.scale(loss).backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)   # named: still scaled
scaler.step(optimizer)
```

## Fix

Call `scaler.unscale_(optimizer)` between `backward()` and the clipping, once for each step.

## Known problems

Clipping by hand is seen in deep steps only, and not within a compiled part.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#gradient-clipping>
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.text.figures import metric
from gradprobe.values import Backward, ClipCall, Confidence, Finding, RelatedSite, ScalerCall, Severity, ZeroGrad
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import CallSeen, Record
    from gradprobe.values import Observation, Site

SCALED_NORM: Final = "scaled_grad_norm_before_clip"
"""The metric of the norms that clipping returned while they were scaled."""
SCALE: Final = "loss_scale"
"""The metric of the scaler's factor."""
LEAST_DROPPED: Final = 3
"""Batches that were left out from which reading a scaled norm is a warning."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each place that clips or reads gradients while they are scaled."""
    told: set[Site] = set()
    for seen in record.calls:
        if isinstance(seen.call, ClipCall) and seen.call.still_scaled and seen.call.site not in told:
            told.add(seen.call.site)
            yield _by_torch(record, seen, seen.call)
    by_hand = [one for one, _ in observations(record, "scaled-gradients")]
    done = [one for one in by_hand if one.detail["kind"] != "read"]
    for one in done or by_hand[:1]:
        if one.site not in told:
            told.add(one.site)
            yield _by_hand(record, one)


def _by_torch(record: Record, seen: CallSeen, clip: ClipCall) -> Finding:
    scale = _scale(record)
    active, calls = _active(record, clip, scale, seen.count)
    is_read = not math.isfinite(clip.limit)
    what = f"clip_grad_{clip.kind}_"
    if is_read:
        consequence = "its limit is infinite, so it clips nothing; the norm that it returns is that of scaled gradients"
    elif active:
        often = "in every step" if active == calls else f"in {active} of {calls} steps"
        consequence = f"{often} the scaled gradient is beyond {figure(clip.limit)}, and {_left(clip.limit, scale)}"
    else:
        consequence = f"so far the scaled gradient stayed below {figure(clip.limit)}"
    return _finding(
        record,
        severity=Severity.ERROR if active and not is_read else Severity.INFO,
        location=clip.site,
        title=f"{what} runs while gradients are still scaled",
        message=f"{what} is called before unscale_: the gradient scaler's factor{_factor(scale)} is still on the gradients. "
        f"Clipping to {figure(clip.limit)} means something else then: {consequence}.",
        steps=(seen.first_step, seen.last_step),
        evidence={"limit": clip.limit, "steps_clipped": active, **({} if scale is None else {"scale": scale})},
    )


def _by_hand(record: Record, one: Observation) -> Finding:
    known = one.detail["scale"]
    scale = float(known) if isinstance(known, (int, float)) else _scale(record)
    kind = one.detail["kind"]
    if kind == "read":
        dropped = _dropped(record)
        severity = Severity.WARNING if dropped else Severity.INFO
        title = "a gradient norm is read while gradients are still scaled"
        consequence = (
            f"{dropped} batches of the run had a backward and no step: what is decided by this norm is decided by the scale"
            if dropped
            else "the number is that much too large, and moves with the scale"
        )
    else:
        severity = Severity.ERROR
        title = "gradients are clipped by hand while they are still scaled"
        limit = one.detail["limit"]
        consequence = (
            f"what is clipped is the scaled gradient, and {_left(float(limit), scale)}"
            if isinstance(limit, (int, float))
            else "what is clipped is the scaled gradient, and it is divided by the scale afterwards"
        )
    return _finding(
        record,
        severity=severity,
        location=one.site,
        title=title,
        message=f"This runs between backward() and unscale_: the gradient scaler's factor{_factor(scale)} is still on the gradients. "
        f"{consequence[0].upper()}{consequence[1:]}.",
        steps=(0, max(record.facts.steps - 1, 0)),
        evidence={"kind": str(kind), **({} if scale is None else {"scale": scale})},
    )


def _finding(
    record: Record,
    *,
    severity: Severity,
    location: Site,
    title: str,
    message: str,
    steps: tuple[int, int],
    evidence: dict[str, float | int | str],
) -> Finding:
    unscaled = {
        seen.call.site: None
        for seen in record.calls
        if isinstance(seen.call, ScalerCall) and seen.call.method in ("unscale_", "step")
    }
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=Confidence.CERTAIN,
        title=title,
        message=message,
        fix="call scaler.unscale_(optimizer) before this line, once for each optimizer and step",
        not_this="a larger limit: the scale changes during training, and the limit would have to change with it",
        location=location,
        first_step=steps[0],
        last_step=steps[1],
        related=(*backward_sites(record), *(RelatedSite(site, "unscaled only here") for site in unscaled)),
        evidence=evidence,
    )


def figure(value: float) -> str:
    """Return a number; a scale, which is a power of two, with all its digits."""
    return f"{value:.0f}" if 1000 <= value < 1e9 and value == int(value) else metric(value)


def _scale(record: Record) -> float | None:
    scales = record.metrics.get(SCALE)
    values = [] if scales is None else [value for value in scales.values.tolist() if value > 0]
    return max(values, default=None)


def _factor(scale: float | None) -> str:
    return "" if scale is None else f" ({figure(scale)})"


def _left(limit: float, scale: float | None) -> str:
    if scale is None:
        return "after unscaling at most limit / scale of it is left"
    return f"after unscaling at most {figure(limit / scale)} of it is left"


def _active(record: Record, clip: ClipCall, scale: float | None, calls: int) -> tuple[int, int]:
    """Return in how many steps the clipping had an effect, and of how many."""
    if clip.kind == "norm":
        norms = record.metrics.get(SCALED_NORM)
        if norms is None or not len(norms.values):
            return calls, calls  # Nothing says otherwise.
        return int((norms.values > clip.limit).sum()), len(norms.values)
    if scale is None or not len(record.steps):
        return calls, calls
    for position, one in enumerate(record.parameters):
        largest = float(record.steps.highest[:, position].max())
        bound = clip.limit / scale * math.sqrt(one.elements)
        if 0.2 * bound < largest <= 1.01 * bound:
            return calls, calls
    return 0, calls


def _dropped(record: Record) -> int:
    """Return how many batches had a backward of a scaled loss, were cleared, and had no step; 0 where they are few."""
    backwards = sum(seen.count for seen in record.calls if isinstance(seen.call, Backward) and seen.call.scaled)
    cleared = sum(seen.count for seen in record.calls if isinstance(seen.call, ZeroGrad))
    steps = sum(seen.count for seen in record.calls if isinstance(seen.call, ScalerCall) and seen.call.method == "step")
    batches = min(backwards, cleared)
    dropped = batches - steps
    return dropped if dropped >= max(LEAST_DROPPED, 0.2 * batches) else 0


CHECK: Final = Check(name="clip-before-unscale", code="GP501", find=find, page=__doc__ or "")

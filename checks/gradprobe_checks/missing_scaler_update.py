"""missing-scaler-update (GP504).

## What it does

Finds loops that leave a part of a gradient scaler's protocol out: `scaler.step` without `scaler.update`, which raises in
the second step; a scaled loss whose gradients the optimizer uses by its own `step()`, with the scale still on them; a
`scaler.step` after a loss that was never scaled, whose gradients are divided by the scale all the same.

It is an error where it raised, or where the optimizer used gradients that were scaled wrongly; a warning where the optimizer is of the
Adam kind, which hardly notices a factor.

## Why is this bad

A gradient that is 65536 times too large or too small makes steps that are as wrong, and overflows are not skipped any more.

## Example

```python
scaler.scale(loss).backward()
optimizer.step()                  # named: it steps with gradients that are 65536 times too large
```

## Fix

Use all of it, in this order: `scaler.scale(loss).backward()`, `scaler.step(optimizer)`, `scaler.update()`.

## Known problems

Gradients that are unscaled by hand are known as such in deep steps only.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/amp_examples.html#typical-mixed-precision-training>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from gradprobe.extensions import Check
from gradprobe.text.figures import metric as figure
from gradprobe.values import Backward, Confidence, Crashed, Finding, OptimizerStep, RelatedSite, ScalerCall, Severity
from gradprobe_checks.places import backward_sites, optimizer_sites
from gradprobe_checks.provenance import counted, observations, reaches

if TYPE_CHECKING:
    from gradprobe.record.record import IncidentSeen, Record
    from gradprobe.values import Site

LEAST: Final = 3
"""Steps from which it is said."""
ADAPTIVE: Final = frozenset(
    {"Adam", "AdamW", "NAdam", "RAdam", "Adamax", "RMSprop", "Adagrad", "Adafactor", "Lion", "Rprop"}
)
"""Optimizers whose steps hardly depend on the size of gradients."""


_PROTOCOL: Final = (
    (
        "did not use scaler.scale(",
        "the loss was never scaled by scaler.scale(loss)",
        "backpropagate scaler.scale(loss), or leave the scaler out altogether",
    ),
    (
        "No inf checks were recorded prior to update",
        "update() was called without scaler.step()",
        "call scaler.step(optimizer) in place of optimizer.step(), and scaler.update() after it",
    ),
)
"""Parts of torch's messages, what is missing, and what to do."""


class Misuse(NamedTuple):
    """Steps of an optimizer with gradients that are scaled wrongly.

    Attributes:
        optimizer: Its number.
        site: Where it stepped, or was stepped by the scaler.
        backward: Where its loss was backpropagated.
        by_scaler: Whether the scaler stepped it: it divided gradients that were never multiplied.
    """

    optimizer: int
    site: Site
    backward: Site
    by_scaler: bool


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each part of the protocol that is missing."""
    crash = _crash(record)
    if crash is not None:
        yield crash
        return
    if any(True for _ in observations(record, "unscaled-by-hand")):
        return
    for misuse, count in _misuses(record).items():
        if count >= LEAST:
            yield _misused(record, misuse, count)


def is_misused(record: Record) -> bool:
    """Return whether an optimizer uses gradients that are scaled wrongly: what follows from that is this check's matter."""
    return any(count >= LEAST for count in _misuses(record).values())


def _crash(record: Record) -> Finding | None:
    """Return a finding where the scaler itself said what is missing."""
    for seen in record.incidents:
        crash = seen.incident
        if not isinstance(crash, Crashed):
            continue
        protocol = next((one for one in _PROTOCOL if one[0] in crash.message), None)
        if protocol is not None:
            return _refused(record, seen, crash, *protocol[1:])
        if "since the last update()" not in crash.message:
            continue
        is_unscale = "unscale_()" in crash.message
        updates = sum(
            one.count for one in record.calls if isinstance(one.call, ScalerCall) and one.call.method == "update"
        )
        what = "unscale_()" if is_unscale else "step()"
        often = (
            "scaler.update() was never called"
            if not updates
            else f"scaler.update() was called {counted(updates, 'time')}, and not since"
        )
        return Finding(
            check=CHECK.name,
            code=CHECK.code,
            severity=Severity.ERROR,
            confidence=Confidence.CERTAIN,
            title=f"scaler.{what} raised: scaler.update() is missing",
            message=f"{crash.type}: {crash.message} The gradient scaler expects an update() after each step; {often}.",
            fix="call scaler.update() once after scaler.step(), in every step"
            + (", and unscale_() once for each step, not for each micro-batch" if is_unscale else ""),
            not_this="a new GradScaler for each step: it would never find its scale",
            location=crash.site,
            first_step=seen.first_step,
            last_step=seen.last_step,
            related=backward_sites(record),
            evidence={"updates": updates},
        )
    return None


def _refused(record: Record, seen: IncidentSeen, crash: Crashed, what: str, fix: str) -> Finding:
    """Return a finding of a method of the scaler that found nothing to work on."""
    direct = [
        one.call.site
        for one in record.calls
        if isinstance(one.call, OptimizerStep)
        and not any(isinstance(other.call, ScalerCall) and other.call.site == one.call.site for other in record.calls)
    ]
    is_unused = "update" in what and bool(direct)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"the gradient scaler raised: {what}",
        message=f"{crash.type}: {crash.message} A part of the gradient scaler's protocol is missing: {what}.",
        fix=fix,
        not_this="catching the exception: the gradients stay scaled, or are divided by a scale that is not on them",
        location=direct[0] if is_unused else crash.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=(*((RelatedSite(crash.site, "raised here"),) if is_unused else ()), *backward_sites(record)),
    )


def _misuses(record: Record) -> dict[Misuse, int]:
    """Return the steps with gradients that are scaled wrongly, and how often each was seen."""
    rows = dict.fromkeys(range(len(record.patterns)), 0)
    for pattern, span in zip(record.steps.pattern.tolist(), record.steps.span.tolist(), strict=True):
        if pattern in rows:
            rows[pattern] += span
    found: dict[Misuse, int] = {}
    for number, pattern in enumerate(record.patterns):
        for misuse in _in_pattern(record, pattern):
            found[misuse] = found.get(misuse, 0) + rows[number]
    return found


def _in_pattern(record: Record, pattern: tuple[int, ...]) -> Iterator[Misuse]:
    backwards: list[Backward] = []
    by_scaler: Site | None = None
    unscaled = False
    for position in pattern:
        call = record.calls[position].call
        if isinstance(call, Backward):
            backwards.append(call)
            unscaled = False
        elif isinstance(call, ScalerCall):
            by_scaler = call.site if call.method == "step" else by_scaler
            unscaled = unscaled or call.method == "unscale_"
        elif isinstance(call, OptimizerStep):
            is_scalers = by_scaler == call.site
            by_scaler = None
            own = [one for one in backwards if _reaches(record, one.site, call.optimizer)]
            if not own:
                continue
            if is_scalers and not any(one.scaled for one in own):
                yield Misuse(call.optimizer, call.site, own[-1].site, by_scaler=True)
            if not is_scalers and not unscaled and all(one.scaled for one in own):
                yield Misuse(call.optimizer, call.site, own[-1].site, by_scaler=False)


def _reaches(record: Record, site: Site, optimizer: int) -> bool:
    """Return whether a backward reaches parameters of an optimizer."""
    known = [reach for reach in reaches(record) if reach.site == site]
    if not known:
        return len(record.optimizers) == 1
    return any(record.parameters[position].optimizer == optimizer for reach in known for position in reach.reached)


def _misused(record: Record, misuse: Misuse, count: int) -> Finding:
    kind = next((one.type for one in record.optimizers if one.number == misuse.optimizer), "")
    metric = record.metrics.get("loss_scale")
    scale = f" ({figure(float(metric.values.max()))})" if metric is not None and len(metric.values) else ""
    adaptive = kind in ADAPTIVE
    if misuse.by_scaler:
        title = "scaler.step() divides gradients by a scale that was never on them"
        message = (
            f"The loss is backpropagated as it is, without scaler.scale(loss), and scaler.step() divides its gradients by "
            f"the scale{scale} all the same. {kind} stepped {counted(count, 'time')} with gradients that are that much too small."
        )
        fix = "backpropagate scaler.scale(loss), or leave the scaler out altogether"
        wrong = "a larger learning rate: the scale changes during training"
    else:
        title = "the optimizer steps with gradients that are still scaled"
        message = (
            f"The loss is scaled by a GradScaler, and optimizer.step() is called directly: nothing takes the scale{scale} off the "
            f"gradients again. {kind} stepped {counted(count, 'time')} with gradients that are that much too large."
        )
        fix = "call scaler.step(optimizer) and scaler.update() in place of optimizer.step()"
        wrong = "a smaller learning rate: overflows are still not skipped, and the scale is not updated"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING if adaptive else Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=title,
        message=message,
        fix=fix,
        not_this=wrong,
        location=misuse.backward if misuse.by_scaler else misuse.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(
            RelatedSite(
                misuse.site if misuse.by_scaler else misuse.backward,
                "scaler's step" if misuse.by_scaler else "backward",
            ),
            *optimizer_sites(record, [misuse.optimizer]),
        ),
        evidence={"steps": count},
    )


CHECK: Final = Check(
    name="missing-scaler-update", code="GP504", find=find, page=__doc__ or "", explains_exceptions=True
)

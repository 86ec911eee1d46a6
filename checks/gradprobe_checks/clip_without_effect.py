"""clip-without-effect (GP410).

## What it does

Finds clipping that never clips what is stepped with: called before `backward()` has made gradients, after `step()` has
used them, with parameters that have none (another model's, a generator that is used up), or with those of another optimizer than
the one that steps next, which clears them before its own step. It rests on the state of
the gradients at each call, and on the norm that the call returned.

It is a warning. It stays quiet where gradients are there and merely smaller than the limit.

## Why is this bad

The gradients that the optimizer uses are not clipped: one bad batch can still throw the weights far away.

## Example

```python
optimizer.zero_grad()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)   # named: there are no gradients yet
loss.backward()
optimizer.step()
```

## Fix

Clip between `backward()` and `step()`.

## Known problems

With a gradient scaler, see also *clip-before-unscale*.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.utils.clip_grad_norm_.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import ClipCall, Confidence, Finding, Severity
from gradprobe_checks.early_zero_grad import find as cleared
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

LEAST: Final = 3
"""Calls from which it is said."""
TOTAL: Final = "grad_norm_before_clip"
"""The metric of the norms that the calls returned."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each clipping that never had anything to clip."""
    told = False
    for observation, _ in observations(record, "clip-book"):
        fresh, used, none = (int(observation.detail[name] or 0) for name in ("fresh", "used", "none"))
        if fresh == 0 and used + none >= LEAST:
            told = True
            if none > used and any(cleared(record)):
                continue  # There would be gradients, had they not been cleared: that is the cause.
            yield _finding(record, observation.site, used + none, "after" if used > none else "before")
        lost = int(observation.detail.get("lost") or 0)
        if not observation.detail.get("useful") and lost >= LEAST and lost >= 0.8 * (fresh + used + none):
            told = True
            yield _finding(record, observation.site, lost, "other")
    sites = {seen.call.site for seen in record.calls if isinstance(seen.call, ClipCall) and seen.call.kind == "norm"}
    if not told and len(sites) == 1 and _always_zero(record):
        yield _finding(record, sites.pop(), len(record.metrics[TOTAL].values), "elsewhere")


def _always_zero(record: Record) -> bool:
    """Return whether every clipping found a norm of zero although gradients flow."""
    metric = record.metrics.get(TOTAL)
    if metric is None or len(metric.values) < LEAST or (metric.values != 0).any():
        return False
    return any(one.counts.flowing >= LEAST for one in record.parameters)


def _finding(record: Record, site: Site, calls: int, when: str) -> Finding:
    why = {
        "before": "it is called before backward() has made any: there are no gradients yet",
        "after": "it is called after step(), which has used the gradients already",
        "other": "it is given another optimizer's parameters, whose gradients are cleared before that one steps",
        "elsewhere": "the parameters it is given have no gradients: another model's, or a generator that was used up before",
    }[when]
    fix = {
        "before": "move it between backward() and step()",
        "after": "move it between backward() and step()",
        "other": "give it the parameters of the optimizer that steps next: the wrong network is clipped here",
        "elsewhere": "give it the parameters that are trained, as model.parameters() anew in each step",
    }[when]
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="gradient clipping has no effect here",
        message=f"In all of {calls} calls, clip found no gradients that are still to be used here: {why}. What the optimizer steps "
        "with is never clipped.",
        fix=fix,
        not_this="a smaller limit: there is nothing here to be limited",
        location=site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=backward_sites(record),
        evidence={"calls": calls},
    )


CHECK: Final = Check(name="clip-without-effect", code="GP410", find=find, page=__doc__ or "")

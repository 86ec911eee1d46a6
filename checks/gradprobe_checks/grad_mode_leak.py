"""grad-mode-leak (GP702).

## What it does

Finds gradients that were turned off and never on again: a loss without a graph is backpropagated while the
`set_grad_enabled(False)`, `no_grad` or `inference_mode` that turned them off is still in force. The line named is the
one that turned them off, however long ago. Likewise where the script goes on clearing gradients under a call that turned them off,
and calls no backward any more.

It is an error where `backward()` raised for it, and a warning where training stops in silence.

## Why is this bad

`torch.set_grad_enabled(False)` as a call is global state: it stays off after the helper that called it has returned, and
nothing that is computed from then on has a graph.

## Example

```python
def preview(model, inputs):
    torch.set_grad_enabled(False)        # named: stays off after preview() has returned
    return model(inputs).argmax(-1)
```

## Fix

Use it as a block, which ends by itself: `with torch.no_grad():`, or decorate the helper with `@torch.no_grad()`.

## Known problems

What turns gradients off from C++ or in another thread is not seen.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.autograd.grad_mode.set_grad_enabled.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.crashes import severity_of
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

ENOUGH: Final = 4
"""Times that gradients were cleared under a mode that is off, with no backward in between, before training counts as over."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that turned gradients off for good."""
    told = set()
    for observation, seen in observations(record, "gradients-off"):
        told.add(observation.site)
        backward = observation.related[0].site
        kind, since = observation.detail["kind"], observation.detail["step"]
        yield Finding(
            check=CHECK.name,
            code=CHECK.code,
            severity=severity_of(record, backward) or Severity.WARNING,
            confidence=Confidence.CERTAIN,
            title="gradients are turned off here and never on again",
            message=f"{kind} turned the grad mode off here, in step {since}, and it is global: it was still off when backward was "
            f"called at line {backward.line}, so the loss has no graph and nothing can be trained any more.",
            fix="use it as a block, with torch.no_grad(): (or decorate the helper with @torch.no_grad()), or restore the mode "
            "with torch.set_grad_enabled(True) before returning",
            not_this="loss.requires_grad_(): the error goes away, and nothing trains",
            location=observation.site,
            first_step=seen.first_step,
            last_step=seen.last_step,
            related=observation.related,
        )

    for observation, seen in observations(record, "trains-without-gradients"):
        times = observation.detail["cleared"]
        if isinstance(times, int) and times >= ENOUGH and observation.site not in told:
            yield _silent(observation, seen)


def _silent(observation: Observation, seen: ObservationSeen) -> Finding:
    """Return the finding for a script that goes on as if it trained."""
    kind, since, times = (observation.detail[name] for name in ("kind", "step", "cleared"))
    line = observation.related[0].site.line
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="gradients are turned off here and never on again",
        message=f"{kind} turned the grad mode off here, in step {since}, and it is global. Since then zero_grad at line {line} was called "
        f"{times} times or more and no backward followed: the script goes on as if it trained, and nothing does.",
        fix="use it as a block, with torch.no_grad(): (in a generator around what computes, not around yield), or restore the "
        "mode in a finally",
        not_this="leaving out the losses that do not require a gradient: it hides that nothing trains",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
    )


CHECK: Final = Check(name="grad-mode-leak", code="GP702", find=find, page=__doc__ or "", explains_exceptions=True)

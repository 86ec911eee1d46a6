"""wrong-custom-backward (GP703).

## What it does

Finds a custom `torch.autograd.Function` whose backward is not the derivative of its forward. In a deep step a call of each such
function of the user's is copied, cut down to a few rows and in double precision, and after the step forward and backward are run
on the copies: what backward gives is compared with differences of the forward. Such functions are run again only if their code
tells that nobody would notice: no random numbers, nothing written but `ctx`, no communication, plain arguments.

It stays quiet where the derivative is another one on purpose: the forward is the identity (gradient reversal, scaling, clipping),
or flat where a gradient is given (straight-through estimators, spikes, quantisation), or does not use the argument that backward
uses (feedback alignment); the backward hands on the gradient that came in, or is not linear in it. A backward that gives None
where a gradient is due is named by severed-gradient.

## Why is this bad

Nothing fails: the parameters behind the function are trained in another direction than down the loss.

## Example

```python
class Swish(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x.sigmoid()

    @staticmethod
    def backward(ctx, grad):
        (x,) = ctx.saved_tensors
        return grad * x.sigmoid() * (1 - x.sigmoid())   # named: the derivative of sigmoid, not of x * sigmoid
```

## Fix

Derive it again, or leave it to autograd: write the forward as a plain function. Test it with
`torch.autograd.gradcheck(Swish.apply, (x.double().requires_grad_(),))`.

## Known problems

Functions in C++, CUDA or Triton, and those that call a module, are not looked at. What is approximated to within 5 % passes.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/extending.html#extending-torch-autograd>
- <https://docs.pytorch.org/docs/stable/generated/torch.autograd.gradcheck.gradcheck.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each custom function whose backward is wrong."""
    for observation, seen in observations(record, "wrong-backward"):
        yield _finding(record, observation, seen)


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    detail = observation.detail
    function, argument, ratio = str(detail["function"]), str(detail["argument"]), detail["ratio"]
    given, measured = float(detail["given"] or 0), float(detail["measured"] or 0)
    how = f"{given:.3g} where differences of the forward measure {measured:.3g}"
    if isinstance(ratio, float):
        how = f"{ratio:.3g} times the derivative that differences of the forward measure"
        how += ": its sign is reversed" if abs(ratio + 1) < 0.01 else ""
    behind = len(observation.parameters)
    reach = f" The gradient of {behind} parameter{'' if behind == 1 else 's'} comes through it." if behind else ""
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"the backward of {function} is not the derivative of its forward",
        message=f"The backward of the custom function {function} gives for {argument} something else than the derivative: {how} "
        f"(run again on copies, in float64).{reach}",
        fix=f"derive the gradient of {argument} again, or leave it to autograd by writing the forward as a plain function; test it "
        f"with torch.autograd.gradcheck in float64",
        not_this="a smaller learning rate: the direction is wrong, not the length",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, seen.first_step),
        related=observation.related,
        parameters=(),
        evidence={"given": given, "measured": measured},
    )


CHECK: Final = Check(name="wrong-custom-backward", code="GP703", find=find, page=__doc__ or "")

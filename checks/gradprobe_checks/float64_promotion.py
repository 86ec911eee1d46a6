"""float64-promotion (GP505).

## What it does

Finds losses that became float64 although every parameter they depend on is narrower: a float64 tensor, from NumPy
mostly, came in as a target, a weight or a constant. It names the line that made that tensor. It rests on the dtypes of the
operations that made the loss.

It is a warning. It stays quiet about float64 models, about explicit casts of what is trained (`.double()`), and about numbers.

## Why is this bad

What follows is computed in float64, which is 2 to 64 times slower on a GPU; on some losses the backward raises.

## Example

```python
target = torch.from_numpy(np.sin(grid))          # named: NumPy makes float64
loss = F.mse_loss(model(x), target)              # a float64 loss
```

## Fix

`torch.from_numpy(...).float()`, or `dtype=torch.float32` where the tensor is made.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/tensor_attributes.html#torch.dtype>
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
    """Yield a finding for each float64 tensor that widened a loss."""
    for observation, seen in observations(record, "loss-widened"):
        yield _finding(observation, seen)


def _finding(observation: Observation, seen: ObservationSeen) -> Finding:
    operation = observation.detail["operation"]
    becomes = next((one.site.line for one in observation.related if one.role == "becomes float64 here"), 0)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title="a float64 tensor makes the loss float64 (double)",
        message=f"This line makes a float64 tensor, {operation} at line {becomes} combines it with the model's float32, and the loss "
        "is float64 from there on. No parameter of the model is, so it is slower and not more exact.",
        fix="make it float32: .float() on it, or dtype=torch.float32 where it is made (torch.from_numpy keeps NumPy's float64)",
        not_this="model.double(): everything becomes slower, for a dtype that nobody asked for",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        evidence={"operation": str(operation)},
    )


CHECK: Final = Check(name="float64-promotion", code="GP505", find=find, page=__doc__ or "")

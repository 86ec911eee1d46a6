"""non-finite-origin (GP302).

## What it does

Names the line at which a NaN or an infinity is born that then shows in a loss or in a gradient: the logarithm of 0, a
square root at exactly 0 (finite in the forward, infinite in the backward), a division by 0, an overflow, or data that
holds such values. In deep steps each operation that can bear one is looked at; in all others, on the host, what the graph of the
loss has saved at such operations is looked at before backward runs.

It is an error where the loss or a gradient stays so to the end of the run, for then the weights are lost; a warning where an
optimizer stepped with such a gradient and the run recovered; worth a word where no optimizer did (the batch was skipped). Where
values and gradients grew by orders of magnitude before, *exploding-gradient* says why instead. It stays quiet about -inf in
masks, and about a gradient scaler that is still looking for its scale.

## Why is this bad

An optimizer that steps with NaN writes NaN into the weights, and from there it reaches everything.

## Example

```python
distance = (a - b).pow(2).sum(1).sqrt()      # named: at distance 0 the derivative is infinite
```

## Fix

Keep the argument away from the singular point (`(x + 1e-9).sqrt()`, `clamp(min=...)`), use the stable function
(`log_softmax` for `log(softmax)`), and guard divisions by counts that may be 0.

## Known problems

On a device other than the host only deep steps are looked at. Skipping the batch, or `nan_to_num`, hides the cause.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/numerical_accuracy.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks import exploding_gradient
from gradprobe_checks.all_labels_ignored import ignored_at
from gradprobe_checks.endings import ends_non_finite
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.low_precision_epsilon import accounts_for
from gradprobe_checks.provenance import observations
from gradprobe_checks.scale_collapse import is_collapsed

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

SOFTMAXES: Final = frozenset({"softmax", "log_softmax", "scaled_dot_product_attention", "multi_head_attention_forward"})
FIXES: Final = {
    "sqrt": "add a small epsilon inside: (x + 1e-9).sqrt(), because the derivative of sqrt at zero is infinite",
    "log": "use log_softmax for log(softmax(x)), or clamp(min=1e-12) before the log: the log of 0 is -inf",
    "division": "guard the division: the divisor is 0 (an empty mask, a count of none): clamp(min=1) it, or skip the term",
    "div": "guard the division: the divisor is 0 (an empty mask, a std of equal values): clamp(min=...) it",
    "exp": "keep the exponent small: clamp(max=...) it, or use a stable function (logsumexp, softplus)",
    "data": "look at the data: drop or impute what is NaN or infinite before it enters the model",
    "std": "add an epsilon: the derivative of std is infinite where all values are equal",
    "pow": "keep the base away from zero: the derivative of x ** p at 0 is infinite for p < 1; or it overflows",
}


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the line at which a value that is not finite was born."""
    if is_collapsed(record):
        return  # scale-collapse says so: every step was left out because of it.
    if any(one.severity is Severity.ERROR for one in exploding_gradient.find(record)):
        return  # That is what came of it.
    for observation, seen in observations(record, "non-finite-born"):
        if observation.detail["operation"] not in SOFTMAXES and observation.detail["order"] == 0:
            if accounts_for(record, observation.site):
                return  # low-precision-epsilon names what was to prevent it.
            if observation.site in ignored_at(record):
                return  # 0/0: all-labels-ignored says of what.
            yield _finding(record, observation, seen)
            return


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    operation, how = str(observation.detail["operation"]), str(observation.detail["how"])
    lost = ends_non_finite(record)
    stepped = any(one.counts.non_finite for one in record.parameters)
    if operation == "data":
        what = "Data that comes in here holds NaN or infinite values"
    elif how == "backward":
        what = f"The derivative of {operation} here is infinite or NaN: what it was given lies exactly at a singular point, zero"
    else:
        what = f"{operation} gives NaN or inf here of finite values: its argument lies where it has no finite value, such as 0"
    end = "and nothing recovers from it" if lost else "which an optimizer stepped with"
    if not lost and not stepped:
        end = "but no optimizer stepped with such a gradient: those batches were skipped"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if lost else Severity.WARNING if stepped else Severity.INFO,
        confidence=Confidence.CERTAIN,
        title=f"NaN is born here: {operation}",
        message=f"{what}. It shows in the loss or the gradient in step {seen.first_step}, {end}.{hidden_in_log(record)}",
        fix=FIXES.get(
            operation, f"keep the argument of {operation} where it is defined: an epsilon, a clamp, a stable form"
        ),
        not_this="skipping the batch, or nan_to_num: it hides the cause, and the weights may be NaN already",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, seen.first_step),
        related=observation.related,
        parameters=(),
        evidence={"operation": operation, "born_in": how},
    )


CHECK: Final = Check(name="non-finite-origin", code="GP302", find=find, page=__doc__ or "")

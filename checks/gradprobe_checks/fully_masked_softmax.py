"""fully-masked-softmax (GP303).

## What it does

Finds softmaxes, and attentions, with a row in which every position is masked by -inf: the result is 0/0, NaN, in the whole row.
It rests on a result that is NaN of an input that is not, and on a loss or a gradient that is then not finite.

It is an error where it stays so to the end of the run, else a warning. Masks by -inf that leave a position are right.

## Why is this bad

NaN in one row reaches the loss, and from there every weight.

## Example

```python
scores = scores.masked_fill(padding, float("-inf"))   # a row of padding alone
weights = scores.softmax(-1)                          # named: NaN in that row
```

## Fix

Leave at least one position in each row: look for an inverted mask, or for rows that are padding alone; or give such rows a
finite value (-1e9) and drop their result.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.scaled_dot_product_attention.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.endings import ends_non_finite
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.non_finite_origin import SOFTMAXES
from gradprobe_checks.provenance import observations
from gradprobe_checks.scale_collapse import is_collapsed

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each softmax that had nothing left to choose from."""
    if is_collapsed(record):
        return  # scale-collapse says so: every step was left out because of it.
    for observation, seen in observations(record, "non-finite-born"):
        if observation.detail["operation"] in SOFTMAXES and observation.detail["order"] == 0:
            yield _finding(record, observation, seen)
            return


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    operation = observation.detail["operation"]
    lost = ends_non_finite(record)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if lost else Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"NaN is born here: a row of the {operation} is fully masked",
        message=f"{operation} is given a row in which every position is -inf, and 0/0 makes the whole row NaN. It shows in the loss "
        f"or the gradient in step {seen.first_step}.{hidden_in_log(record)}",
        fix="leave at least one position unmasked in each row (an inverted mask? rows of padding alone?), or fill with -1e9 "
        "instead of -inf and drop those rows",
        not_this="nan_to_num after the softmax: its backward still makes NaN of the row",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, seen.first_step),
        related=observation.related,
        evidence={"operation": str(operation)},
    )


CHECK: Final = Check(name="fully-masked-softmax", code="GP303", find=find, page=__doc__ or "")

"""all-labels-ignored (GP605).

## What it does

Finds `cross_entropy` and `nll_loss` whose labels all equal `ignore_index`, in every batch that was looked at: their mean is 0/0, NaN,
or their sum is 0 and has no gradient. Likewise losses that are masked by hand (`labels != -100`) where the mask left nothing, and no
parameter had a gradient other than zero in the whole run.

It is an error where three batches or more were looked at and all were so; a warning where it was one or two. Batches
in which some labels count are right.

## Why is this bad

Nothing is learned: the loss ignores every label.

## Example

```python
labels = tokens.clone()
labels[mask.logical_not()] = -100         # named: the mask is inverted, every label is ignored
loss = F.cross_entropy(logits.flatten(0, 1), labels.flatten())
```

## Fix

Look at what is set to `ignore_index`: an inverted mask, a prompt that covers everything, padding that is all there is.

## Known problems

None.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.CrossEntropyLoss.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.logs import hidden_in_log
from gradprobe_checks.loss_inputs import modules_behind
from gradprobe_checks.provenance import never_flowed, observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site

LEAST: Final = 3
"""Batches from which it is an error."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss that ignored every label."""
    found = list(_whole(record, "labels-ignored"))
    if not found and _nothing_flowed(record):
        found = list(_whole(record, "labels-masked"))[:1]
    for observation, seen in found:
        yield _finding(record, observation, seen, int(observation.detail["looks"] or 0))


def _whole(record: Record, what: str) -> Iterator[tuple[Observation, ObservationSeen]]:
    return ((one, seen) for one, seen in observations(record, what) if _is_whole(one))


def _nothing_flowed(record: Record) -> bool:
    """Return whether optimizers stepped, and no parameter had a gradient other than zero in any step."""
    stepped = [one for one in record.parameters if one.counts.looked_at]
    return bool(stepped) and all(never_flowed(one) for one in stepped)


def ignored_at(record: Record) -> set[Site]:
    """Return the losses that had nothing but ignored labels, whenever they were looked at."""
    return {observation.site for observation, _ in _whole(record, "labels-ignored")}


def _is_whole(observation: Observation) -> bool:
    return observation.detail["looks"] == observation.detail["ignored"]


def _finding(record: Record, observation: Observation, seen: ObservationSeen, looks: int) -> Finding:
    index, labels = observation.detail["index"], observation.detail["labels"]
    written = next((one.site for one in observation.related if one.role == "labels written here"), None)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if looks >= LEAST else Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"every label equals ignore_index ({index})",
        message=f"In each of {looks} batches that were looked at, all {labels} labels equal ignore_index = {index}, so the loss "
        "ignores every one of them: there is nothing to learn from. The mean of such a loss is 0/0 = NaN, its sum is 0."
        f"{hidden_in_log(record)}",
        fix=f"look at what sets labels to {index}: an inverted mask, or padding that covers everything",
        not_this="nan_to_num on the loss: NaN is what says that nothing is left to learn from",
        location=written or observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules_behind(record, frozenset(observation.parameters)),
        parameters=observation.parameters,
        evidence={"batches": looks},
    )


CHECK: Final = Check(name="all-labels-ignored", code="GP605", find=find, page=__doc__ or "")

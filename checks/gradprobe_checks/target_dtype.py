"""target-dtype (GP506).

## What it does

Where a loss (or a layer) raised because of the dtype or the shape of an argument, names the line that gave the argument that dtype or
shape. It rests on the dtypes and shapes that were seen, not on the text of the exception, which differs between versions.

It is an error where the exception ended the run, and quiet otherwise.

## Why is this bad

The traceback points at the call, where the argument arrives; it got its dtype somewhere else. A cast at the call, tried until it
runs, can cut the graph (`.long()` on the output) or change what is trained.

## Example

```python
labels = torch.tensor(rows["label"], dtype=torch.float32)   # named: class indices as float
loss = F.cross_entropy(model(x), labels)                    # raises: expected Long
```

## Fix

Class indices are int64 (`.long()`), targets of BCE and MSE are float, class weights have the dtype of the logits, and the shape is
what the loss documents.

## Known problems

Values that arrive without an operation that was seen, from a worker process for instance, are named at the call.

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
from gradprobe_checks.crashes import script_crashes
from gradprobe_checks.provenance import observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for the argument that made a loss or a layer raise, if that ended the script."""
    ended = {(crash.site.file, crash.site.line) for crash in script_crashes(record)}
    for observation, seen in observations(record, "argument-refused"):
        call = observation.related[0].site
        if (call.file, call.line) in ended:
            yield _finding(observation, seen)
            return


def _finding(observation: Observation, seen: ObservationSeen) -> Finding:
    detail = observation.detail
    operation, argument, found, expected = (
        detail["operation"],
        detail["argument"],
        detail["found"],
        detail["expected"],
    )
    call = observation.related[0].site
    is_seen = bool(detail["by"])
    here = "This line makes" if is_seen else "Here comes"
    kind = detail["kind"]
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN if is_seen and kind == "dtype" else Confidence.LIKELY,
        title=f"{operation} does not take the {kind} of its {argument}",
        message=f"{here} the {argument} of {operation}, with {kind} {found}; {operation} at line {call.line} raises, because it "
        f"expects {expected}.",
        fix=_fix(str(operation), str(argument), str(found), str(expected), str(kind)),
        not_this="casting the model's output until it runs: an integer cast (.long()) of the logits cuts the graph",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        evidence={
            "operation": str(operation),
            "argument": str(argument),
            "found": str(found),
            "expected": str(expected),
        },
    )


def _fix(operation: str, argument: str, found: str, expected: str, kind: str) -> str:
    """Return what to do."""
    if kind == "shape":
        return (
            f"give {argument} the shape {expected}: squeeze, unsqueeze or reshape it here"
            if (expected.startswith("("))
            else f"give {argument} {expected}"
        )
    if expected.startswith("int64"):
        return f"make the {argument} int64 here: .long(), or dtype=torch.long ({found} now)"
    if expected.startswith("float scores"):
        return f"give {operation} the scores (logits) themselves, not an argmax or a cast of them"
    return f"make the {argument} {expected} here: .float() or to(dtype), or dtype= where it is made ({found} now)"


CHECK: Final = Check(name="target-dtype", code="GP506", find=find, page=__doc__ or "", explains_exceptions=True)

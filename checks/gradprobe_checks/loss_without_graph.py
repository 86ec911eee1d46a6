"""loss-without-graph (GP102).

## What it does

Finds losses that are backpropagated and have no graph: `backward()` raises "element 0 of tensors does not require grad",
or does nothing because the loss was only told to require a gradient. It names the line where the way from the
parameters to the loss ended, as *severed-gradient* does; where everything is frozen, the line that froze it.

It is an error where `backward()` raised, or where the optimizer stepped without any gradient after it.

## Why is this bad

Without a graph there is nothing to backpropagate: no parameter gets a gradient.

## Example

```python
predicted = model(inputs).argmax(1).float()              # named: indices have no gradient
loss = F.mse_loss(predicted, labels)
loss.backward()                                          # element 0 of tensors does not require grad
```

## Fix

Compute the loss from the model's outputs by differentiable operations, with gradients on.

`loss.requires_grad_()` only silences the error: the loss becomes a leaf of its own, and nothing trains.

## Known problems

Where the loss was made from values that torch did not see being made, the line where they came into torch is named.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>
- <https://docs.pytorch.org/docs/stable/checkpoint.html>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.text.cuts import words_for
from gradprobe.values import Confidence, Crashed, Finding, LossReach, RelatedSite, Severity
from gradprobe_checks.loss_ignores_model import ignored_parameters
from gradprobe_checks.provenance import (
    counted,
    cuts,
    listed,
    modules_of,
    names_of,
    never_flowed,
    observations,
    the_loss,
)

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Site

WRONG: Final = "loss.requires_grad_(): the error goes away, the loss becomes a leaf of its own, and nothing trains"


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each backward call whose loss has no graph."""
    if any(True for _ in observations(record, "gradients-off")):
        return  # grad-mode-leak names the line that turned them off for good.
    for seen in record.observations:
        if isinstance(seen.observed, LossReach) and (
            not seen.observed.has_graph or _has_graph_of_its_own(record, seen.observed)
        ):
            if seen.observed.has_graph and ignored_parameters(record):
                continue  # loss-ignores-model names the model that is not in it.
            raised = _raised(record, seen.observed.site)
            if raised or _nothing_trains(record):
                yield _finding(record, seen.observed, seen, raised)


def _has_graph_of_its_own(record: Record, reach: LossReach) -> bool:
    """Return whether a loss's graph leads to new leaves and to no parameter at all."""
    unnamed = [one for one, _ in observations(record, "unnamed-leaf")]
    no_parameters = bool(unnamed) and not any(one.detail["is_parameter"] for one in unnamed)
    return not reach.reached and reach.unnamed > 0 and no_parameters


def _raised(record: Record, site: Site) -> bool:
    return any(
        isinstance(seen.incident, Crashed) and seen.incident.during == "backward" and seen.incident.site == site
        for seen in record.incidents
    )


def _nothing_trains(record: Record) -> bool:
    owned = [one for one in record.parameters if one.optimizer is not None and one.counts.looked_at >= 3]
    return bool(owned) and all(never_flowed(one) for one in owned)


def _made_anew(record: Record) -> Site | None:
    """Return where a leaf was made that a loss reaches and that nobody has a name for."""
    return next((one.site for one, _ in observations(record, "unnamed-leaf") if not one.detail["is_parameter"]), None)


def _finding(record: Record, reach: LossReach, seen: ObservationSeen, raised: bool) -> Finding:
    known = cuts(record)
    numbers = sorted((number for number in reach.cut if number in known), key=lambda one: (-len(reach.cut[one]), one))
    if numbers:
        cut = known[numbers[0]]
        words = words_for(cut)
        positions: tuple[int, ...] = tuple(sorted({one for number in numbers for one in reach.cut[number]}))
        location: Site | None = cut.site
        why, fix = words.how, words.fix
        confidence = Confidence.CERTAIN if cut.certain else Confidence.LIKELY
    elif reach.frozen:
        positions = reach.frozen
        location = next(
            (account.frozen_at for one in positions if (account := record.accounts.get(one)) and account.frozen_at),
            None,
        )
        why = f"all {counted(len(positions), 'parameter')} in it have requires_grad=False"
        fix = (
            "let what is to be trained require a gradient: requires_grad_(True) on it, or leave it out of the freezing"
        )
        confidence = Confidence.CERTAIN
    else:
        positions, location = (), _made_anew(record) if _has_graph_of_its_own(record, reach) else None
        why = "no parameter's value was seen on the way to it"
        if location is not None:
            why = "the loss is made of a new tensor that requires grad, which has a graph of its own and leads to no parameter"
        fix = "compute the loss from the model's outputs, with torch's own operations"
        confidence = Confidence.POSSIBLE
    names = listed(modules_of(record, positions)) if positions else "the model"
    what = "backward() raised" if raised else "backward() ran and did nothing"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=confidence,
        title=f"{the_loss(reach.loss)} has no graph: the way from {names} ends here",
        message=f"The gradient ends here: {why}. "
        + (f"The loss {reach.loss} does not require grad, so {what}." if not reach.has_graph else f"So {what}."),
        fix=fix,
        not_this=WRONG,
        location=location or reach.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=(RelatedSite(reach.site, "backward"),),
        modules=modules_of(record, positions),
        parameters=names_of(record, positions),
        evidence={"parameters": len(positions)},
    )


CHECK: Final = Check(name="loss-without-graph", code="GP102", find=find, page=__doc__ or "", explains_exceptions=True)

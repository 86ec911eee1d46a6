"""severed-gradient (GP101).

## What it does

Finds the line at which the way of the gradient ends: the values of parameters go on to a loss, and no gradient comes
back. It rests on deep steps, which follow values from operation to operation: through `no_grad`, `inference_mode`
and `set_grad_enabled` (the line that turned gradients off is named, the decorator for instance), `detach()`, `.data`,
`.item()`, NumPy, `torch.tensor(...)` of values, casts to integers, `argmax` and other indices, comparisons, rounding, random draws,
`sample()`, custom functions, and reentrant checkpoints.

It is an error where all of this was seen: an optimizer owns the parameters and stepped them at least three times, they had
no gradient (or one of zero) in any step of the run, no loss reaches them, and their values came to a loss through this line.

It is a warning where the value was followed through a Python number that was merely equal, and info after one or
two steps. It stays quiet about parameters that some loss reaches (stop gradients with a live twin, straight-through
estimators), that no optimizer owns (targets, teachers), or that the script itself writes to while it trains (codebooks kept by
moving averages), and about a detached leaf whose gradient the script sends on by itself.

## Why is this bad

The optimizer passes over parameters without a gradient. They stay as they were initialised, the rest of the model trains
around them, and nothing raises.

## Example

```python
class Refiner:
    @torch.no_grad()                 # named: the gradient of the encoder ends here
    def apply(self, prompt): ...

loss = head(refiner.apply(encoder(tokens))).sum()
loss.backward()
optimizer.step()                     # owns the encoder, whose gradients are None
```

## Fix

Take what ends the gradient off the way from the parameters to the loss. Where the parameters are meant to stay as
they are, say so: `requires_grad_(False)`, or leave them out of the optimizer.

## Known problems

A value that leaves torch and is computed with in Python or NumPy is followed only as far as arrays stay the same objects, and
numbers the same numbers. Inside a compiled part nothing is followed.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>
- <https://docs.pytorch.org/docs/stable/distributions.html#score-function>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.text.cuts import words_for
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.provenance import (
    TURNS_OFF,
    counted,
    cuts,
    held_at_crash,
    listed,
    modules_of,
    names_of,
    never_flowed,
    observations,
    own_backwards,
    own_losses,
    reaches,
    the_loss,
)

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import GradCut, LossReach, Observation, Site

LEAST_STEPS: Final = 3
"""Steps without a gradient from which it is an error."""
HANDED_OVER_STEPS: Final = 100
"""Steps without a gradient from which a leaf that hands its gradient on is not believed any more."""


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each line that ends the way of gradients that never came."""
    missing = severed_parameters(record)
    known = cuts(record)
    for number, positions in _causes(record, missing, known):
        yield _finding(record, known[number], number, positions)
        missing -= positions
    yield from gave_none(record)


def severed_parameters(record: Record) -> set[int]:
    """Return the positions of parameters that should train, and whose gradient never came, on whatever way."""
    own, held = own_backwards(record), held_at_crash(record)
    live = {one: _reached_for(record, sites) for one, sites in own.items()}
    return {
        position
        for position, one in enumerate(record.parameters)
        if one.optimizer is not None
        and one.trainable
        and never_flowed(one)
        and one.name not in held
        and one.objects == 1
        and position not in live.get(one.optimizer, ())
        and not is_written(record, position)
    }


def _reached_for(record: Record, own: set[Site]) -> set[int]:
    """Return what losses reach whose gradients an optimizer uses: its own, or any where it does not show which those are."""
    return {position for reach in reaches(record) if reach.site in own or not own for position in reach.reached}


def is_written(record: Record, position: int) -> bool:
    """Return whether the script writes to a parameter by itself while it trains."""
    return position in record.accounts and record.accounts[position].written > 0


def _causes(record: Record, missing: set[int], known: dict[int, GradCut]) -> Iterator[tuple[int, set[int]]]:
    """Yield cuts with the parameters they account for, the one with most parameters first, each parameter once."""
    owners = {one for position in missing if (one := record.parameters[position].optimizer) is not None}
    own = {owner: own_losses(record, [owner]) for owner in owners}

    def is_own(position: int, reach: LossReach) -> bool:
        owner = record.parameters[position].optimizer
        return owner is not None and reach.site in own[owner]

    left = set(missing)
    for only_own in (True, False):  # A generator's gradient ends in the discriminator's loss too, and rightly.
        by_cut: dict[int, set[int]] = {}
        for reach in reaches(record):
            for number, positions in reach.cut.items():
                hit = {one for one in left.intersection(positions) if not only_own or is_own(one, reach)}
                if hit and number in known and not _is_handed_over(record, known[number], hit):
                    by_cut.setdefault(number, set()).update(hit)
        for number, hit in _largest_first(record, by_cut, known):
            left -= hit
            yield number, hit


def _largest_first(
    record: Record, by_cut: dict[int, set[int]], known: dict[int, GradCut]
) -> Iterator[tuple[int, set[int]]]:
    """Yield cuts that account for most first.

    Of equals, one that nobody writes to cut something goes before a `detach` or a `no_grad`, which are there to cut: the value
    loss that is added as a number, not the advantage that is rightly detached. Then the one that takes the gradient of fewest
    others with it.
    """
    widths: dict[int, int] = {}
    for reach in reaches(record):
        for number, positions in reach.cut.items():
            widths[number] = max(widths.get(number, 0), len(positions))
    while by_cut:
        number = max(
            by_cut, key=lambda one: (len(by_cut[one]), _is_accident(known[one]), known[one].certain, -widths[one], -one)
        )
        hit = by_cut.pop(number)
        yield number, hit
        by_cut = {other: rest - hit for other, rest in by_cut.items() if rest - hit}


def _is_accident(cut: GradCut) -> bool:
    return cut.kind not in TURNS_OFF and cut.kind not in ("detach", "data")


def _is_handed_over(record: Record, cut: GradCut, positions: set[int]) -> bool:
    steps = max(record.parameters[position].counts.looked_at for position in positions)
    return cut.handed_over and steps < HANDED_OVER_STEPS


def _finding(record: Record, cut: GradCut, number: int, positions: set[int]) -> Finding:
    losses = [reach for reach in reaches(record) if positions.intersection(reach.cut.get(number, ()))]
    modules = modules_of(record, positions)
    steps = max(record.parameters[position].counts.looked_at for position in positions)
    owners = sorted({one for position in positions if (one := record.parameters[position].optimizer) is not None})
    enough = steps >= LEAST_STEPS
    severity = (Severity.ERROR if cut.certain else Severity.WARNING) if enough else Severity.INFO
    words = words_for(cut)
    names = listed(modules)
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=(Confidence.CERTAIN if cut.certain else Confidence.LIKELY) if enough else Confidence.POSSIBLE,
        title=f"the gradient of {names} ends here",
        message=_message(cut, words.how, losses, len(positions), names, steps),
        fix=f"{words.fix}; to keep {names} as now on purpose, freeze with requires_grad_(False)",
        not_this=f"a higher learning rate for {names}: the gradient is absent, not small",
        location=cut.site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(
            *(RelatedSite(reach.site, "backward") for reach in losses),
            *((RelatedSite(cut.at, "first operation without a graph"),) if cut.at != cut.site else ()),
            *optimizer_sites(record, owners),
        ),
        modules=modules,
        parameters=names_of(record, positions),
        evidence={"severed_parameters": len(positions), "steps_without_gradient": steps, "kind": cut.kind},
    )


def gave_none(record: Record) -> Iterator[Finding]:
    """Yield a finding for each custom backward that gave None for parameters whose gradient never came."""
    positions = {one.name: position for position, one in enumerate(record.parameters)}
    by_site: dict[Site, list[tuple[Observation, ObservationSeen]]] = {}
    for seen, when in observations(record, "none-from-backward"):
        by_site.setdefault(seen.site, []).append((seen, when))
    for group in by_site.values():
        behind = {positions[name] for seen, _ in group for name in seen.parameters if name in positions}
        missing = {position for position in behind if _is_missing(record, position)}
        if missing:
            yield _none_finding(record, group, missing)


def _is_missing(record: Record, position: int) -> bool:
    one = record.parameters[position]
    is_due = one.optimizer is not None and one.counts.looked_at >= LEAST_STEPS
    return is_due and never_flowed(one) and not is_written(record, position)


def _none_finding(record: Record, group: Sequence[tuple[Observation, ObservationSeen]], missing: set[int]) -> Finding:
    (first, when), names = group[0], listed(modules_of(record, missing))
    function = first.detail["function"]
    arguments = listed([str(number) for number in sorted({seen.detail["argument"] for seen, _ in group}, key=str)])
    which = f"argument {arguments}, which requires" if len(group) == 1 else f"arguments {arguments}, which require"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR,
        confidence=Confidence.CERTAIN,
        title=f"the backward of {function} gives no gradient to {names}",
        message=f"The gradient ends here: the backward of the custom function {function} returned None for {which} a "
        f"gradient, and autograd goes no further without a word. {counted(len(missing), 'parameter')} of {names} had no "
        "gradient in any step.",
        fix=f"return the gradient of {'that argument' if len(group) == 1 else 'those arguments'} from backward; where it is "
        "computed by autograd itself, do so under torch.enable_grad(), because gradients are off within a backward",
        not_this=f"a higher learning rate for {names}: the gradient is absent, not small",
        location=first.site,
        first_step=when.first_step,
        last_step=when.last_step,
        related=first.related,
        modules=modules_of(record, missing),
        parameters=names_of(record, missing),
        evidence={"severed_parameters": len(missing)},
    )


def _message(cut: GradCut, how: str, losses: list[LossReach], parameters: int, names: str, steps: int) -> str:
    way = (
        "only through this line" if cut.certain else "as numbers that are equal to those that leave torch at this line"
    )
    verb, whose = ("reaches", "its") if parameters == 1 else ("reach", "their")
    return (
        f"The gradient ends here: {how}. {counted(parameters, 'parameter')} of {names} {verb} {the_loss(losses[0].loss)} "
        f"{way}; {whose} optimizer has stepped {counted(steps, 'time')} without a gradient for them."
    )


CHECK: Final = Check(name="severed-gradient", code="GP101", find=find, page=__doc__ or "")

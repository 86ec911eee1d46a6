"""loss-ignores-model (GP606).

## What it does

Finds losses that do not depend on what the model computes: the model runs, its result goes nowhere, and the loss is made of
something else (the input, the target, another tensor; a penalty that took the loss's place). It rests on deep steps: the
parameters that a forward pass applies, and the operations that the loss was made of.

It is an error where a whole model of the optimizer's had no gradient in any step, or a gradient from nothing but penalties; for the
latter it is a warning while only a few steps were looked at. It stays quiet about parts of a model, and about models that come into a
loss in any step that was looked at.

## Why is this bad

The optimizer steps, the loss may even fall, and the model learns nothing from the data.

## Example

```python
restored = model(noisy)
loss = F.mse_loss(noisy, clean)       # named: `restored` is not in it
loss.backward()
optimizer.step()
```

## Fix

Compute the loss from the model's result.

## Known problems

A model whose turn comes late, after many steps of warming up, looks the same until then.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#how-autograd-encodes-the-history>
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.places import optimizer_sites
from gradprobe_checks.provenance import counted, cuts, listed, names_of, never_flowed, observations, reaches, the_loss

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

LEAST: Final = 3
"""Steps from which it is said."""
ENOUGH: Final = 12
"""Deep steps from which a model that trains on penalties alone is believed to be meant to do more."""


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each loss that was made without the model that its optimizer owns."""
    for observation, seen in observations(record, "forward-ignored"):
        roots = _roots(record, observation)
        if roots:
            yield _finding(record, observation, seen, roots)
            return


def ignored_parameters(record: Record) -> set[int]:
    """Return the positions of the parameters that this check accounts for."""
    return {
        position
        for observation, _ in observations(record, "forward-ignored")
        for positions in _roots(record, observation).values()
        for position in positions
    }


def _roots(record: Record, observation: Observation) -> dict[str, set[int]]:
    """Return the whole models that no loss depends on, with their parameters that an optimizer steps."""
    ignored = set(observation.parameters)
    severed = (
        {position for reach in reaches(record) for cut in reach.cut.values() for position in cut}
        if cuts(record)
        else set()
    )
    found = {}
    for module in record.modules:
        if module.depth:
            continue
        own = {int(position) for position in module.parameters if record.parameters[int(position)].trainable}
        stepped = {one for one in own if record.parameters[one].optimizer is not None}
        looked_at = min((record.parameters[one].counts.looked_at for one in stepped), default=0)
        applied = {one for one in own if record.parameters[one].name in ignored}
        is_whole = bool(own) and own == stepped and len(applied) * 2 >= len(own)
        if is_whole and looked_at >= LEAST and not own & severed and _is_without_loss(record, own, applied):
            found[module.name] = own
    return found


def _is_without_loss(record: Record, own: set[int], applied: set[int]) -> bool:
    """Return whether parameters have no gradient at all, or only those have one that a penalty is on."""
    if all(never_flowed(record.parameters[one]) and not record.parameters[one].counts.zero for one in own):
        return True
    reached = {position for reach in reaches(record) for position in reach.reached}
    return own & reached <= applied


def _finding(record: Record, observation: Observation, seen: ObservationSeen, roots: dict[str, set[int]]) -> Finding:
    positions = set().union(*roots.values())
    has_none = all(never_flowed(record.parameters[one]) for one in positions)
    looked_at = int(observation.detail["steps"] or 0)
    certain = has_none or looked_at >= min(ENOUGH, record.facts.steps)
    names = listed(sorted(roots))
    steps = max(record.parameters[one].counts.looked_at for one in positions)
    owners = sorted({one for position in positions if (one := record.parameters[position].optimizer) is not None})
    name = next(
        (one.loss for one in reaches(record) if any(end.site == one.site for end in observation.related)), "loss"
    )
    loss = the_loss(name)
    consequence = (
        f"{counted(len(positions), 'parameter')} of {names} had no gradient in {counted(steps, 'step')}"
        if has_none
        else f"what gradient {names} has comes from a penalty on its parameters alone, in all {looked_at} steps that were looked at"
    )
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.ERROR if certain else Severity.WARNING,
        confidence=Confidence.CERTAIN if certain else Confidence.POSSIBLE,
        title=f"{loss} does not depend on the output of {names}",
        message=f"{names} runs, and its output is not used: {loss} is made here without it. {consequence[0].upper()}"
        f"{consequence[1:]}, and the optimizer steps all the same.",
        fix=f"compute the loss from the output of {names}: look for the wrong variable in this line, or for a loss that is overwritten",
        not_this="a higher learning rate, or loss.requires_grad_(): the model's output is not in this loss",
        location=observation.site,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, 0),
        related=(*observation.related, *optimizer_sites(record, owners)),
        modules=tuple(sorted(roots)),
        parameters=names_of(record, positions),
        evidence={"parameters": len(positions), "steps": steps},
    )


CHECK: Final = Check(name="loss-ignores-model", code="GP606", find=find, page=__doc__ or "")

"""frozen-parameter (GP104).

## What it does

Finds parameters with `requires_grad=False` that were plainly meant to be trained. A freeze alone is no finding: backbones,
embeddings and teachers are frozen on purpose all the time. It takes one of these traces:

- a library froze it by default (`nn.Embedding.from_pretrained`), and the script gave it to an optimizer;
- one and the same line froze weights that had been loaded and a layer that was just initialised: the freezing reaches
  too far, or a library froze all that it was not told of (`get_peft_model` without `modules_to_save`);
- it was frozen after an optimizer had been built with it, was just initialised, and never trained;
- `module.requires_grad = True` was to unfreeze it: this sets an attribute of the module and changes no parameter. The
  opposite, `module.requires_grad = False`, is named too: it freezes nothing.

In the others the loss depends on the parameters, and they had no gradient in any step. It is a warning.

## Why is this bad

The layer keeps its random values, or stays at its loaded ones although it was to be fine-tuned.

## Example

```python
self.items = nn.Embedding.from_pretrained(vectors)          # named: freeze=True is the default
optimizer = torch.optim.Adam(self.parameters())
```

## Fix

`freeze=False`; or narrow the freezing to what was loaded; or `module.requires_grad_(True)`.

## Known problems

A random layer that is frozen on its own (a reservoir, random features) is taken as meant. The line that set an attribute of a
module is looked for in the source, and the first that fits is named.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.Embedding.html#torch.nn.Embedding.from_pretrained>
- <https://docs.pytorch.org/docs/stable/generated/torch.nn.Module.html#torch.nn.Module.requires_grad_>
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.places import backward_sites, optimizer_sites
from gradprobe_checks.provenance import agreeing, counted, listed, modules_of, names_of, observations, reaches

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site

NOT_THIS: Final = "a higher learning rate: what does not require a gradient is not changed by any"


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line whose freeze was plainly not meant."""
    frozen = _frozen(record)
    for site, positions in _by_site(record, {one for one in frozen if _is_by_default(record, one)}).items():
        names = listed(modules_of(record, positions))
        yield _finding(
            record,
            site,
            positions,
            f"{names} {agreeing(names, 'is', 'are')} frozen by a default, and in an optimizer",
            f"This call makes {names} with requires_grad=False, which is its default (freeze=True of from_pretrained for "
            f"instance), and an optimizer was given {counted(len(positions), 'parameter')} of it that it will never move.",
            "pass freeze=False to from_pretrained, or call requires_grad_(True) on it; or leave it out of the optimizer",
        )
    for site, positions in _by_site(record, _swept_along(record, frozen)).items():
        names = listed(modules_of(record, positions))
        is_own = "requires_grad" in site.code
        freezes = "sets requires_grad to False on" if is_own else "freezes all that it is not told to train:"
        yield _finding(
            record,
            site,
            positions,
            f"the freezing reaches too far: {names} was just initialised",
            f"This line {freezes} weights that were loaded, and {'on ' if is_own else ''}{counted(len(positions), 'parameter')} of "
            f"{names} as well, which hold random values. The loss depends on them, and they will never be trained.",
            f"freeze only what was loaded; leave out {names}, or unfreeze it with requires_grad_(True)"
            if is_own
            else f"tell it to train {names} (in peft: modules_to_save, or the task_type), or unfreeze it with requires_grad_(True)",
        )
    for site, positions in _by_site(record, {one for one in frozen if _is_late(record, one)}).items():
        names = listed(modules_of(record, positions))
        yield _finding(
            record,
            site,
            positions,
            f"{names} {agreeing(names, 'is frozen before it was', 'are frozen before they were')} ever trained",
            f"{counted(len(positions), 'parameter')} of {names} were given to an optimizer, and this line sets their requires_grad "
            "to False before the first step. They hold random values, and the loss depends on them.",
            f"leave out {names} from what is frozen here; to keep batch statistics, eval() on the normalisation is enough",
        )
    for observation, seen in observations(record, "module-flag"):
        yield _flag(record, observation, seen)


def _flag(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    """Return the finding for an attribute of a module that was to freeze or unfreeze it."""
    value, kind = bool(observation.detail["value"]), observation.detail["type"]
    named = {position for position, one in enumerate(record.parameters) if one.name in observation.parameters}
    names = listed(modules_of(record, named)) if named else str(kind)
    stays = "stays frozen" if value else "is trained all the same"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.CERTAIN,
        title=f"requires_grad = {value} on a module changes no parameter: {names} {stays}",
        message=f"A module has no requires_grad of its own: this line only gives the {kind} an attribute of that name. The "
        f"parameters of {names} have requires_grad={not value} as before, so it {stays}.",
        fix=f"call the method, with an underscore: module.requires_grad_({value})",
        not_this="setting it again later, or a new optimizer: the attribute is not looked at by anything",
        location=observation.site if observation.site.line else None,
        first_step=seen.first_step,
        last_step=max(record.facts.steps - 1, 0),
        modules=modules_of(record, named) if named else (),
        parameters=observation.parameters,
        evidence={"parameters": len(observation.parameters)},
    )


def _frozen(record: Record) -> set[int]:
    """Return the positions of frozen parameters that a loss depends on and that never had a gradient."""
    on_the_way = {position for reach in reaches(record) for position in reach.frozen}
    return {
        position
        for position in on_the_way
        if not record.parameters[position].trainable
        and record.parameters[position].counts.flowing == 0
        and position in record.accounts
        and not record.accounts[position].requires_grad
    }


def _is_by_default(record: Record, position: int) -> bool:
    account = record.accounts[position]
    is_by_default = (
        account.frozen_at is not None and not account.frozen_by_user and "freeze=" not in account.frozen_at.code
    )
    return account.owners > 0 and is_by_default and not account.copied_from


def _swept_along(record: Record, frozen: set[int]) -> set[int]:
    """Return what was just initialised among what one line froze together with loaded weights."""
    loaded = _sites_of_loaded(record)
    return {
        position
        for position in frozen
        if (account := record.accounts[position]).frozen_by_user
        and account.origin == "initialised"
        and account.frozen_at in loaded
    }


def _sites_of_loaded(record: Record) -> set[Site | None]:
    """Return the lines that froze loaded weights.

    Weights that are put in place as they are (`from_pretrained` reads them in threads) are not seen to be copied. They are taken
    as loaded where matrices of that kind are most of what a line froze: zeros and ones come so as well, but as vectors.
    """
    sites: set[Site | None] = set()
    given: dict[Site | None, int] = {}
    for position, account in record.accounts.items():
        if not account.frozen_by_user:
            continue
        shape = record.parameters[position].shape
        if account.origin == "copied":
            sites.add(account.frozen_at)
        elif len(shape) > 1:
            sign = 1 if account.origin == "given" else -1
            given[account.frozen_at] = given.get(account.frozen_at, 0) + sign * math.prod(shape)
    return sites | {site for site, balance in given.items() if balance > 0}


def _is_late(record: Record, position: int) -> bool:
    account = record.accounts[position]
    return account.frozen_by_user and account.frozen_after_built and account.origin == "initialised"


def _by_site(record: Record, positions: set[int]) -> dict[Site, set[int]]:
    groups: dict[Site, set[int]] = {}
    for position in sorted(positions):
        site = record.accounts[position].frozen_at
        if site is not None:
            groups.setdefault(site, set()).add(position)
    return groups


def _finding(record: Record, site: Site, positions: set[int], title: str, message: str, fix: str) -> Finding:
    owners = sorted({one for position in positions if (one := record.parameters[position].optimizer) is not None})
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING,
        confidence=Confidence.LIKELY,
        title=title,
        message=message,
        fix=fix,
        not_this=NOT_THIS,
        location=site,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=(
            *optimizer_sites(record, owners),
            *(RelatedSite(one.site, one.role) for one in backward_sites(record)),
        ),
        modules=modules_of(record, positions),
        parameters=names_of(record, positions),
        evidence={"frozen_parameters": len(positions)},
    )


CHECK: Final = Check(name="frozen-parameter", code="GP104", find=find, page=__doc__ or "")

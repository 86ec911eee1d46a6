"""unused-parameter (GP103).

## What it does

Finds parameters that an optimizer owns and steps, and that take part in no loss at all: deep steps saw no way, cut or
not, from them to any loss that is backpropagated, and they had no gradient in any step. Where the module runs, and its
result is thrown away or overwritten, that line is named; where it never runs, the line that made it.

It is a warning where the run came to its own end, or lasted for 100 steps; info before that, for its turn may come. It
is info as well for parts that were loaded (a pooler of a checkpoint), that a library made, or that belong to a list
of alike modules others of which train (experts at rest). It stays quiet about what no optimizer owns.

## Why is this bad

The module does nothing: it stays as it was initialised, and what it was to contribute is missing from the loss.

## Example

```python
fine = coarse + self.refine(x, coarse)    # named: the result is overwritten
fine = coarse * scale
```

## Fix

Use the module's result in what the loss is made of, or take the module out.

## Known problems

A part that comes into play after the end of the run, in a later stage for instance, looks the same.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.parallel.DistributedDataParallel.html> on unused parameters
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.loss_ignores_model import ignored_parameters
from gradprobe_checks.ownership import replaced
from gradprobe_checks.places import backward_sites
from gradprobe_checks.provenance import (
    agreeing,
    counted,
    listed,
    modules_of,
    names_of,
    never_flowed,
    observations,
    reaches,
)

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

LEAST_STEPS: Final = 3
"""Steps from which it is said at all."""
ANY_STEPS: Final = 100
"""Steps from which it is a warning although the run was cut short."""


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each module that takes part in no loss."""
    unused = _unused(record)
    groups: dict[tuple[Site | None, bool, bool], set[int]] = {}
    for module in modules_of(record, unused):
        positions = {one for one in unused if _is_in(record, one, module)}
        where, runs = _location(record, module, positions)
        groups.setdefault((where, runs, _is_meant(record, module, positions)), set()).update(positions)
    for (where, runs, is_meant), positions in groups.items():
        yield _finding(record, where, runs, is_meant, positions)


def _unused(record: Record) -> set[int]:
    """Return the positions of owned parameters on no way to any loss."""
    if not reaches(record) or any(True for _ in observations(record, "none-from-backward")):
        return set()
    involved: set[int] = set()
    for reach in reaches(record):
        involved.update(reach.reached, reach.frozen, *reach.cut.values())
    involved |= ignored_parameters(record)  # loss-ignores-model names the loss that a whole model is not in.
    involved |= replaced(record)
    return {
        position
        for position, one in enumerate(record.parameters)
        if one.optimizer is not None
        and one.trainable
        and position in record.accounts
        and never_flowed(one)
        and one.counts.zero == 0
        and one.counts.looked_at >= LEAST_STEPS
        and one.objects == 1
        and position not in involved
        and record.accounts[position].owners > 0
        and not record.accounts[position].written
    }


def _is_in(record: Record, position: int, module: str) -> bool:
    name = record.parameters[position].name
    return name == module or name.startswith(f"{module}.")


def _is_meant(record: Record, module: str, positions: set[int]) -> bool:
    """Return whether being unused is nothing out of the ordinary: loaded, a library's own, or an expert at rest."""
    accounts = [record.accounts[position] for position in positions]
    if all(account.origin == "copied" or account.library for account in accounts):
        return True
    parent, _, last = module.rpartition(".")
    alike = [
        one for one in record.modules if one.name.rpartition(".")[0] == parent and one.name.rpartition(".")[2].isdigit()
    ]
    rests = all(account.used_at is None for account in accounts)
    return rests and last.isdigit() and any(one.counts.flowing for one in alike)


def _location(record: Record, module: str, positions: set[int]) -> tuple[Site | None, bool]:
    """Return the line to look at, and whether the module runs at all."""
    accounts = [record.accounts[position] for position in sorted(positions)]
    classes = {one.type for one in record.modules if one.name == module or one.name.startswith(f"{module}.")}
    for account in accounts:
        for site in account.used_chain:
            if site.function.split(".")[0] not in classes:
                return site, True
        if account.used_at is not None:
            return account.used_at, True
    parent = module.rpartition(".")[0]
    owner = next((one.type for one in record.modules if one.name == parent), "")
    for account in accounts:
        for site in account.made_chain:
            if owner and site.function.startswith(f"{owner}."):
                return site, False
    for account in accounts:
        for site in account.made_chain:
            if site.function.split(".")[0] not in classes and not site.function.endswith("__init__"):
                return site, False
    return next((account.made for account in accounts if account.made), None), False


def _finding(record: Record, where: Site | None, runs: bool, is_meant: bool, positions: set[int]) -> Finding:
    modules = modules_of(record, positions)
    names = listed(modules)
    steps = max(record.parameters[position].counts.looked_at for position in positions)
    lasted = record.facts.stopped_by == "script" or steps >= ANY_STEPS
    is_loud = lasted and not is_meant
    it, its_result = agreeing(names, "it", "them"), agreeing(names, "its result", "their results")
    if runs:
        what = agreeing(names, "runs, and its result reaches no loss", "run, and their results reach no loss")
    else:
        what = f"never {agreeing(names, 'runs', 'run')} on the way to a loss"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING if is_loud else Severity.INFO,
        confidence=Confidence.LIKELY if is_loud else Confidence.POSSIBLE,
        title=f"{names} {agreeing(names, 'takes', 'take')} part in no loss",
        message=f"{names} {what}: {counted(len(positions), 'parameter')} of {it} had no gradient in {counted(steps, 'step')}, and "
        "no way leads from them to any loss that is backpropagated. Their optimizer steps over them.",
        fix=(
            f"use the result of {names} in what the loss is made of; after this line it is thrown away or overwritten"
            if runs
            else f"call {names} in the forward and use {its_result}, or take {it} out of the model and the optimizer"
        ),
        not_this="find_unused_parameters=True, or another learning rate: what is not in the loss is not trained by it",
        location=where,
        first_step=0,
        last_step=max(record.facts.steps - 1, 0),
        related=tuple(RelatedSite(one.site, one.role) for one in backward_sites(record)),
        modules=modules,
        parameters=names_of(record, positions),
        evidence={"unused_parameters": len(positions), "steps_without_gradient": steps},
    )


CHECK: Final = Check(name="unused-parameter", code="GP103", find=find, page=__doc__ or "")

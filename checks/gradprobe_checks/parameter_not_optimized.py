"""parameter-not-optimized (GP401).

## What it does

Finds parameters that a loss trains and that no optimizer was ever given, while optimizers step others: kept in a Python
list, dict or plain tensor, where no module registers them; made after the optimizer was built; in a module that was left
out; or in a copy of the model, while the optimizer steps another copy.

It is an error where all of this was seen: they had a gradient that is not zero, their values did not change, random
numbers were written into them (or an optimizer steps copies that no loss reaches), and the run came to its own end or to
100 steps. In a run that was cut short it is a warning from 10 steps, for an optimizer may have been to come, and info before.

It stays quiet about parameters that were given to an optimizer at any time, that were loaded or copied from a trained
model before they were left out, that the script changes by itself, whose module evaluates, or whose gradient is used
otherwise (read by a line of its own, asked for by `torch.autograd.grad`); and about models whose inputs are optimised.

## Why is this bad

They get gradients and never move: they stay as random as they were made, and the rest trains around them. Nothing raises.

## Example

```python
class Relations(nn.Module):
    def __init__(self, names):
        super().__init__()
        self.weight = {}
        for name in names:
            self.weight[name] = nn.Parameter(torch.randn(8, 8))   # named: a dict registers nothing

optimizer = torch.optim.Adam(model.parameters())                  # has never heard of them
```

## Fix

Keep modules in `nn.ModuleList` or `nn.ModuleDict`, parameters in `nn.ParameterList` or `nn.ParameterDict`, and a single tensor as
`nn.Parameter`. Make all of them before the optimizer is built, and give it `model.parameters()` of the whole model, the
parameters of the loss included. What is meant to stay as it is: freeze it with `requires_grad_(False)`.

## Known problems

A layer of random numbers that is left out of the optimizer on purpose (a reservoir, random features) is reported unless
it is frozen.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/generated/torch.nn.ParameterDict.html>
- <https://docs.pytorch.org/docs/stable/optim.html#constructing-it>
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final, NamedTuple

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, RelatedSite, Severity
from gradprobe_checks.ownership import Stray, gravity, groups, is_fresh, most_common_line, parts_of
from gradprobe_checks.provenance import agreeing, counted, listed

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Site

KINDS: Final = ("kept", "late", "bare", "copy", "forgotten")
_MODULE_KEEPERS: Final = {"list": "nn.ModuleList", "tuple": "nn.ModuleList", "dict": "nn.ModuleDict"}
_PARAMETER_KEEPERS: Final = {"list": "nn.ParameterList", "tuple": "nn.ParameterList", "dict": "nn.ParameterDict"}


class _Words(NamedTuple):
    """What to say: the title, how it came about, what to do, where."""

    title: str
    how: str
    fix: str
    location: Site | None


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for each cause: a place where they are kept, an optimizer that was not given them."""
    for group in groups(record, KINDS):
        if group[0].kind == "copy" or is_fresh(group):
            yield _finding(record, group)


def _finding(record: Record, group: list[Stray]) -> Finding:
    kind, optimizer = group[0].kind, group[0].optimizer
    assert optimizer is not None
    parts = parts_of(record, group)
    words = _words(group, listed(parts))
    severity, confidence = gravity(record, group, may_come_later=True)
    if kind == "bare" and severity is Severity.ERROR:
        severity, confidence = Severity.WARNING, Confidence.LIKELY
    steps = max(one.steps_with_gradient for one in group)
    later = "" if severity is not Severity.WARNING or kind == "bare" else " Unless another optimizer is still to come:"
    gradient = f"had a gradient in {counted(steps, 'step')}"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=severity,
        confidence=confidence,
        title=words.title,
        message=f"{words.how}{later} {counted(len(group), 'parameter')} of {listed(parts)} {gradient}, are not in the optimizer "
        f"{optimizer.type} (nor in any other), and never changed.",
        fix=words.fix,
        not_this=f"a larger learning rate: no optimizer steps {listed(parts)} at all",
        location=words.location,
        first_step=min(one.seen.first_step for one in group),
        last_step=max(record.facts.steps - 1, 0),
        related=_related(group, words.location),
        modules=parts,
        parameters=tuple(one.name for one in group),
        evidence={"parameters": len(group), "steps_with_gradient": steps, "kind": kind},
    )


def _words(group: Sequence[Stray], names: str) -> _Words:
    first = group[0]
    assert first.optimizer is not None
    built = first.optimizer.built
    made = most_common_line([one.made for one in group])
    if first.kind == "kept":
        return _kept(group, names, most_common_line([one.site("kept here") or one.made for one in group]) or built)
    if first.kind == "late":
        return _Words(
            f"{names} {agreeing(names, 'is', 'are')} made after the optimizer was built, and not in the optimizer",
            f"The optimizer was built with the parameters that were there then; this line made {names} later, and it "
            "was never told.",
            f"make {names} before the optimizer is built, or give it to the optimizer with add_param_group() where it is made",
            made or built,
        )
    if first.kind == "copy":
        return _Words(
            f"the optimizer steps another copy than {names}, which is trained and not in the optimizer",
            f"None of the {counted(first.number('owns'), 'parameter')} that the optimizer was built with here is on the way of any "
            f"loss: it holds another copy of the model.",
            f"build the optimizer from the model that is trained: {names}.parameters()",
            built or made,
        )
    if first.kind == "bare":
        return _Words(
            f"{names} {agreeing(names, 'requires a gradient and is', 'require a gradient and are')} not in the optimizer",
            f"{names} is a tensor of its own, made with requires_grad, and was not given to the optimizer.",
            f"give {names} to the optimizer; where it is not to be trained, make it without requires_grad",
            made or built,
        )
    return _Words(
        f"{names} {agreeing(names, 'is', 'are')} not in the optimizer",
        f"The optimizer is built here without the parameters of {names}, which the loss trains.",
        f"give the optimizer the parameters of {names} too: of the whole model, and of the loss where it has some; "
        f"to keep {names} as now on purpose, freeze with requires_grad_(False)",
        built or made,
    )


def _kept(group: Sequence[Stray], names: str, location: Site | None) -> _Words:
    first = group[0]
    kind, holder = first.word("held"), first.word("holder")
    attribute = holder.rpartition(".")[2]
    if kind == "attribute":
        what = "a plain tensor with requires_grad"
        fix = f"make it self.{attribute} = nn.Parameter(...), which the module registers"
    elif kind == "object":
        what = "an object that is no module"
        fix = f"let the class of {attribute} derive from nn.Module, so that what it holds is registered"
    else:
        is_module = any(one.name.count(".") > one.word("holder").count(".") + 1 for one in group)
        keeper = (_MODULE_KEEPERS if is_module else _PARAMETER_KEEPERS).get(kind, "nn.ModuleList")
        what = f"a Python {kind}"
        fix = f"keep it in an {keeper} instead of the {kind}: self.{attribute} = {keeper}(...)"
    return _Words(
        f"{names} is {what}: its parameters are not registered, and not in the optimizer",
        f"{attribute} is {what}; a module registers only parameters and modules that are its attributes, so "
        "model.parameters() does not list these.",
        fix,
        location,
    )


def _related(group: Sequence[Stray], location: Site | None) -> tuple[RelatedSite, ...]:
    made = dict.fromkeys(one.made for one in group if one.made is not None)
    built = dict.fromkeys(one.optimizer.built for one in group if one.optimizer is not None and one.optimizer.built)
    ends = [*((site, "made here") for site in list(made)[:4]), *((site, "optimizer built here") for site in built)]
    return tuple(RelatedSite(site, role) for site, role in ends if site is not None and site != location)


CHECK: Final = Check(name="parameter-not-optimized", code="GP401", find=find, page=__doc__ or "")

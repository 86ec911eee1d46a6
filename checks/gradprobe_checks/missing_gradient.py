"""missing-gradient (GP100).

## What it does

Finds modules that an optimizer owns and steps, while no parameter in them had a gradient (`None`) in any step of
the run. It rests on the gradient norms of every step alone, so it says that the gradient is absent, not where its
path ends; checks that follow the path name the line.

It is a warning, never an error: a module whose turn has not come yet looks the same. Its level follows from who else
had a gradient:

- nothing that its optimizers own ever had one, after more than 10 steps of a run that came to its own end: a warning.
  More than ten steps lie beyond a prompt that is cached for ten batches, and what is to train at all has had its turn
  by the end; in a run that was cut short (by `--max-batches`, a signal, an exception) or still goes on, it is a
  warning after 100 steps;
- other parameters of the same optimizers had one, after 100 steps or more: a warning, since a part whose turn comes
  later would mostly have had it;
- before that, or where the script never calls `backward()` at all (zeroth-order methods): info, which changes no
  verdict;
- a part of a module that has a gradient elsewhere, after more than 10 steps: info. It may be the encoder behind a stray
  `no_grad`, and as well a pooler, an extra head or an expert at rest; gradient norms alone do not tell.

It stays quiet about frozen parameters, about parameters that no optimizer owns (targets, teachers), and about an
optimizer that has stepped less than 3 times.

## Why is this bad

The optimizer passes over parameters without a gradient: the module stays as it was initialised or loaded, and the
loss falls just as far as the rest can bring it. Nothing raises.

## Example

```python
class Refiner:
    @torch.no_grad()          # the gradient of everything before this line ends here
    def apply(self, prompt): ...

prompt = qwen(tokens)
loss = head(refiner.apply(prompt)).sum()
loss.backward()
optimizer.step()              # steps qwen, whose gradients are None
```

## Fix

Between the module and the loss, look for `no_grad`, `inference_mode`, `detach()`, `.data`, `.item()`, `.numpy()`,
`argmax`, a cast to integers, or `torch.tensor(...)` of a tensor; take it off the way of the gradient. Where the
module is meant to stay as it is, say so: `module.requires_grad_(False)`, or leave it out of the optimizer.

A larger learning rate changes nothing: the gradient is absent, not small.

## Known problems

A module that is stepped from the beginning, and whose turn comes only after more than 100 steps (a later stage of a
curriculum), is reported until it has come. A script that cuts itself short (an option of its own for a few steps) has
come to its own end as far as can be seen. A parameter that was replaced after its optimizer was built is reported
under the name of its module.

## Options

None.

## References

- <https://docs.pytorch.org/docs/stable/notes/autograd.html#locally-disabling-gradient-computation>
- <https://docs.pytorch.org/docs/stable/generated/torch.optim.Optimizer.zero_grad.html> on optimizers that skip `None`
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.ownership import replaced
from gradprobe_checks.places import backward_sites, optimizer_sites

if TYPE_CHECKING:
    from gradprobe.record.record import Module, Parameter, Record

LEAST_STEPS: Final = 3
"""Steps an optimizer must have taken before anything is said."""
IDLE_STEPS: Final = 11
"""Steps from which an optimizer that had nothing to step with, to the run's own end, is a warning: one more than a
prompt is cached for."""
ANY_STEPS: Final = 100
"""Steps from which it is a warning in any other case; the quick reference calls 100 batches a red flag."""


@dataclass(frozen=True, slots=True)
class _Missing:
    """A module without a gradient: what its optimizers own in it, and for how many steps."""

    module: Module
    owned: tuple[Parameter, ...]
    steps: int
    severity: Severity


def find(record: Record) -> Iterator[Finding]:
    """Yield one finding for all modules that are missing their gradient in the same way."""
    roots = list(_topmost(record))
    for severity in (Severity.WARNING, Severity.INFO):
        alike = [root for root in roots if root.severity is severity]
        if alike:
            yield _finding(record, alike)


def _topmost(record: Record) -> Iterator[_Missing]:
    """Yield the modules without a gradient that are part of no other one."""
    within, gone = "", replaced(record)
    for module in record.modules:
        if gone.issuperset(map(int, module.parameters)):
            continue  # It is said what took their place.
        if within and module.name.startswith(f"{within}."):
            continue
        missing = _missing(record, module)
        if missing is not None:
            within = module.name
            yield missing


def _has_flowing_kin(record: Record, module: Module) -> bool:
    """Return whether something else that goes by the same first name (its root, an item of the same list) had a gradient."""
    first = module.name.partition(".")[0]
    return any(
        other.counts.flowing and (other.name == first or other.name.startswith(f"{first}."))
        for other in record.modules
        if other.name != module.name and not other.name.startswith(f"{module.name}.")
    )


def _missing(record: Record, module: Module) -> _Missing | None:
    parameters = [record.parameters[position] for position in module.parameters]
    owned = tuple(one for one in parameters if one.trainable and one.optimizer is not None)
    steps = max((one.counts.looked_at for one in owned), default=0)
    if steps < LEAST_STEPS or any(one.counts.looked_at > one.counts.none for one in parameters):
        return None
    if _has_flowing_kin(record, module):
        # A pooler that no loss uses, an expert at rest: worth a word where it lasts, no accusation.
        return _Missing(module, owned, steps, Severity.INFO) if steps >= IDLE_STEPS else None
    return _Missing(module, owned, steps, _severity(record, owned, steps))


def _severity(record: Record, owned: Sequence[Parameter], steps: int) -> Severity:
    owners = {one.optimizer for one in owned}
    idle = all(one.counts.looked_at == one.counts.none for one in record.parameters if one.optimizer in owners)
    enough = IDLE_STEPS if idle and record.facts.stopped_by == "script" else ANY_STEPS
    return Severity.WARNING if steps >= enough and backward_sites(record) else Severity.INFO


def _finding(record: Record, roots: Sequence[_Missing]) -> Finding:
    names = _and([root.module.name for root in roots])
    owned = [one for root in roots for one in root.owned]
    steps = max(root.steps for root in roots)
    owners = sorted({one.optimizer for one in owned if one.optimizer is not None})
    sure = roots[0].severity is Severity.WARNING
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=roots[0].severity,
        confidence=Confidence.LIKELY if sure else Confidence.POSSIBLE,
        title=f"no gradient reaches {names}",
        message=_message(record, names, len(owned), steps, sure),
        fix=f"between {names} and the loss, look for no_grad, detach(), .item(), argmax, or a tensor made anew from "
        "values; if it is meant to stay as it is, freeze it with requires_grad_(False)",
        not_this=f"a higher learning rate for {names}: the gradient is absent, not small",
        location=None,
        first_step=int(record.steps.index[0] - record.steps.span[0] + 1) if len(record.steps) else 0,
        last_step=int(record.steps.index[-1]) if len(record.steps) else max(record.facts.steps - 1, 0),
        related=(*backward_sites(record), *optimizer_sites(record, owners)),
        modules=tuple(root.module.name for root in roots),
        parameters=tuple(one.name for one in owned),
        evidence={"steps_without_gradient": steps, "parameters_without_gradient": len(owned)},
    )


def _message(record: Record, names: str, parameters: int, steps: int, sure: bool) -> str:
    owned = "the one parameter" if parameters == 1 else f"any of the {parameters} parameters"
    first = f"The optimizer stepped {steps} times and never found a gradient on {owned} of {names}."
    if not backward_sites(record):
        return f"{first} No call of backward() was seen either. No single line can be named from gradient norms alone."
    doubt = "" if sure else " It may be that its turn has not come yet, or that no loss is to reach it."
    return (
        f"{first}{doubt} The line cannot be named: the record holds gradient norms, not where the way to the loss ends."
    )


def _and(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


CHECK: Final = Check(name="missing-gradient", code="GP100", find=find, page=__doc__ or "", is_symptom=True)

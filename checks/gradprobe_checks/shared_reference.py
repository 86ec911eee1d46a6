"""shared-reference (GP404).

## What it does

Finds two names for one thing where a copy was meant: a target network, teacher or average that is the very model
(`target = model`, `copy.copy(model)`), a shadow of the weights that was kept without `clone()`, a best `state_dict()` that goes on
training with the model, a list that holds one module several times.

It rests on what follows: a line that copies or averages a parameter into itself, in at least two steps; a state that is loaded into
the very memory it consists of, after training has gone on or again and again; a module in a list that computed the same
thing several times from the same input. The line that made one thing of two is named, where it is found.

It is an error, and a warning where a module is repeated. It stays quiet about weight tying, about one module that is applied to
several inputs or several times in depth, and about aliases that nothing is copied to.

## Why is this bad

`state_dict()`, `.data` and `detach()` share their memory with the model. The "old" values change with every step, the target follows
at once, restoring the best weights does nothing. Nothing raises.

## Example

```python
if score < best:
    best_state = model.state_dict()          # named: these tensors go on training
...
model.load_state_dict(best_state)            # loads the newest weights into themselves
```

## Fix

`copy.deepcopy(model)`, `copy.deepcopy(model.state_dict())`, `{k: v.clone() for k, v in ...}`.

## Known problems

An alias through which nothing is ever written or loaded (a `best_model = model` that is only evaluated) is not seen.

## Options

None.

## References

- <https://docs.pytorch.org/tutorials/beginner/saving_loading_models.html> ("best_model_state = deepcopy(model.state_dict())")
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

from gradprobe.extensions import Check
from gradprobe.values import Confidence, Finding, Severity
from gradprobe_checks.provenance import counted, listed, modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation

LEAST_TIMES: Final = 2
"""How often it must have been seen where no training lies between."""


class _Words(NamedTuple):
    """What to say."""

    title: str
    message: str
    fix: str


def find(record: Record) -> Iterator[Finding]:
    """Yield a finding for each line that made one thing of two."""
    told: set[tuple[str, int]] = set()
    for what in ("self-load", "self-write", "repeated-module"):
        for observation, seen in observations(record, what):
            place = (observation.site.file, observation.site.line)
            if place not in told and _is_enough(record, observation):
                told.add(place)
                yield _finding(record, observation, seen)


def _is_enough(record: Record, observation: Observation) -> bool:
    detail = observation.detail
    if observation.what == "self-load":
        return bool(detail.get("owned")) and (
            _number(observation, "steps") > 0 or _number(observation, "times") >= LEAST_TIMES
        )
    if observation.what == "self-write":
        owned = {one.name for one in record.parameters if one.optimizer is not None}
        return _number(observation, "steps") >= LEAST_TIMES and bool(owned.intersection(observation.parameters))
    return record.facts.steps > 1


def _finding(record: Record, observation: Observation, seen: ObservationSeen) -> Finding:
    chosen = {place for place, one in enumerate(record.parameters) if one.name in observation.parameters}
    modules = modules_of(record, chosen)
    names = listed(modules or observation.parameters or ("the model",))
    words = _words(observation, names)
    is_repeated = observation.what == "repeated-module"
    return Finding(
        check=CHECK.name,
        code=CHECK.code,
        severity=Severity.WARNING if is_repeated else Severity.ERROR,
        confidence=Confidence.LIKELY if is_repeated or observation.detail.get("how") == "line" else Confidence.CERTAIN,
        title=words.title,
        message=words.message,
        fix=words.fix,
        not_this="detach() or .data: they give another tensor object with the same memory",
        location=observation.site,
        first_step=seen.first_step,
        last_step=seen.last_step,
        related=observation.related,
        modules=modules,
        parameters=observation.parameters,
        evidence={"seen": seen.count, "kind": observation.what},
    )


def _words(observation: Observation, names: str) -> _Words:
    how = observation.detail.get("how")
    if observation.what == "repeated-module":
        times = _number(observation, "times")
        return _Words(
            f"{names} stands {times} times in this list as one and the same module",
            f"The list holds one module {times} times, not copies: it was given the same input {times} times in a step and gave the same "
            "result each time. All entries share the same reference to one set of weights, and stay alike for ever.",
            "make a new module for each entry: [make() for _ in range(n)], or copy.deepcopy of one; [module] * n repeats the reference",
        )
    if observation.what == "self-load" and how == "state":
        steps = _number(observation, "steps")
        return _Words(
            f"the state of {names} is kept by reference, and loaded into itself",
            f"The state_dict() that is kept here shares the memory of {names}, which was trained for {counted(max(steps, 0), 'step')} "
            "after it. load_state_dict() then copied the newest weights onto themselves, and nothing was restored.",
            "keep a copy: copy.deepcopy(model.state_dict()), or {name: value.clone() for name, value in model.state_dict().items()}",
        )
    if how == "stored":
        return _Words(
            f"the copy of {names} that is kept here shares its memory",
            f"What is kept here is a reference to {names}, not a copy: detach() and .data share the memory. "
            "Averaging it with the model writes the parameters onto themselves, so the average is always the newest model.",
            "keep a copy: p.detach().clone(), or copy.deepcopy(model)",
        )
    where = (
        "Here one module gets two names" if how == "module" else "What is copied here and what it is copied to are one"
    )
    return _Words(
        f"{names} and its copy are the same module",
        f"{where}: both share the same parameters, and the update from one to the other copies {names} onto itself. The copy follows "
        "the model at once: there is no old policy, no slow target, no average.",
        "make a real copy: copy.deepcopy(model) (and requires_grad_(False) where it is a target)",
    )


def _number(observation: Observation, key: str) -> int:
    value = observation.detail.get(key)
    return int(value) if isinstance(value, (int, float)) else 0


CHECK: Final = Check(name="shared-reference", code="GP404", find=find, page=__doc__ or "")

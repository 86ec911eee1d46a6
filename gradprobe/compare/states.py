"""Which modules' gradients came, went, or come in fewer steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from math import lgamma, log
from typing import TYPE_CHECKING, Final

from gradprobe.compare.nesting import counted, gathered
from gradprobe.text.figures import plural
from gradprobe.text.words import TROUBLE
from gradprobe.values import ModuleState, Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.compare.view import ModuleView, View

ALWAYS: Final = 0.95
"""Share of the steps in which a gradient was due, from which a module is one that always has a gradient."""
SELDOM: Final = 0.5
"""Share below which a module that always had a gradient has lost it in too many steps."""
CHANCE: Final = 0.01
"""Probability below which a gradient that came now and then, and did not come, is gone and not merely late."""
_BAD: Final = TROUBLE | {ModuleState.UNUSED}
"""States that are a change for the worse: what no loss needs may be meant, but not where a loss did need it."""
_WON: Final = 0.1
"""Share of the steps that a module must have won to have taken another's turn."""
_FEWEST: Final = 5
"""Steps in which a gradient was due, below which shares say nothing."""


def changed_states(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield modules whose state became worse than in every baseline, or better than in all, the topmost of those alike."""
    changes: dict[tuple[Effect, Severity, ModuleState], dict[str, Change]] = {}
    coarse = any(one.steps is None for one in (*baselines, new))
    for name, module in new.modules.items():
        before = [one.modules[name] for one in baselines if name in one.modules]
        # Whose optimizer is gone, `parameters` tells: its gradient may well be there.
        if len(before) < len(baselines) or any(one.owned is not module.owned for one in before):
            continue
        if coarse:
            before, module = [_coarse(one) for one in before], _coarse(module)
        change = _change(name, before, module)
        if change is not None and change.effect is Effect.REGRESSION:
            change = _weighed(change, baselines, new)
        if change is not None:
            changes.setdefault((change.effect, change.severity, module.health.state), {})[name] = change
    for same in changes.values():
        for name, below in gathered(same).items():
            yield replace(same[name], also=below)


def _coarse(module: ModuleView) -> ModuleView:
    """Return a module as a JSON report tells of it, which holds no measure of what has vanished."""
    if module.health.state is not ModuleState.VANISHED:
        return module
    return replace(module, health=replace(module.health, state=ModuleState.FLOWS))


def _change(name: str, before: Sequence[ModuleView], module: ModuleView) -> Change | None:
    state, states = module.health.state, [one.health.state for one in before]
    if state in _BAD and not any(one in _BAD for one in states):
        return _worse(name, before, module)
    if state is ModuleState.FLOWS and all(one in _BAD for one in states):
        text = f"The gradient of {name} arrives: {_seen(module)}, before {_seen(before[0])}."
        return _said(Effect.IMPROVEMENT, Severity.INFO, name, text, before, module)
    if state is ModuleState.FLOWS and all(one is ModuleState.FLOWS for one in states):
        return _fewer(name, before, module)
    return None


def _worse(name: str, before: Sequence[ModuleView], module: ModuleView) -> Change:
    state = module.health.state
    if any(one.health.state is not ModuleState.FLOWS for one in before):
        text = f"{name} now takes part in the training, and its gradient does not: {_seen(module)}."
        return _said(Effect.REGRESSION, Severity.WARNING, name, text, before, module)
    if state is ModuleState.VANISHED:
        text = f"The gradient of {name} has vanished: it is there, and lost in rounding beside the others."
        return _said(Effect.REGRESSION, Severity.WARNING, name, text, before, module)
    if state is ModuleState.NON_FINITE:
        text = f"The gradient of {name} ends in NaN or infinity."
        return _said(Effect.REGRESSION, Severity.ERROR, name, text, before, module)
    if _may_be_chance(before, module):
        text = f"{name} has had no gradient yet ({_seen(module)}); it came too seldom before to call it gone."
        return _said(Effect.CHANGE, Severity.INFO, name, text, before, module)
    text = f"The gradient of {name} is gone: {_seen(module)}, before {_seen(before[0])}."
    return _said(Effect.REGRESSION, Severity.ERROR, name, text, before, module)


def _fewer(name: str, before: Sequence[ModuleView], module: ModuleView) -> Change | None:
    """Return that a module that always had a gradient has one in less than half of its steps, or the reverse."""
    shares = [_share(one) for one in before]
    share = _share(module)
    if min(one.due for one in (*before, module)) < _FEWEST:
        return None
    if min(shares) >= ALWAYS and share < SELDOM:
        text = f"The gradient of {name} comes in fewer steps: {_seen(module)}, before {_seen(before[0])}."
        return _said(Effect.REGRESSION, Severity.WARNING, name, text, before, module)
    if max(shares) < SELDOM and share >= ALWAYS:
        text = f"The gradient of {name} comes in more steps: {_seen(module)}, before {_seen(before[0])}."
        return _said(Effect.IMPROVEMENT, Severity.INFO, name, text, before, module)
    return None


def _weighed(change: Change, baselines: Sequence[View], new: View) -> Change:
    """Return a change for the worse, less grave where others of the same list have the gradient that it lost.

    So it is with experts that a router chooses: which of them rests differs from seed to seed. If another one wins, it
    is no regression; if the others keep theirs, it is none that cannot be meant: a layer that is cut out is found by a check.
    """
    parts = change.subject.split(".")
    lists = [".".join(parts[:place]) for place, part in enumerate(parts) if part.isdecimal() and place]
    within = {".".join(parts[:place]) for place in range(1, len(parts) + 1)}
    keeps = False
    for other, module in new.modules.items():
        parent, _, number = other.rpartition(".")
        if parent not in lists or not number.isdecimal() or other in within:
            continue
        shares = [_share(one.modules[other]) for one in baselines if other in one.modules]
        if shares and _share(module) > min(shares) + _WON:
            text = f"{change.text} Others of its list have one in more steps: which of them rests may be chance."
            return replace(change, effect=Effect.CHANGE, severity=Severity.INFO, text=text)
        keeps = keeps or module.health.state is ModuleState.FLOWS
    if keeps and change.severity is Severity.ERROR:
        return replace(change, severity=Severity.WARNING, text=f"{change.text} Others of its list have theirs.")
    return change


def _may_be_chance(before: Sequence[ModuleView], module: ModuleView) -> bool:
    """Tell whether a gradient that did not come may be late: Fisher's exact test of the steps with one, unless it always came.

    The probability that none of the steps with a gradient falls into the new run is hypergeometric:
    C(due before, flowing) / C(due in all, flowing).
    """
    flowing, due = sum(one.health.steps_with_gradient for one in before), sum(one.due for one in before)
    if min(_share(one) for one in before) >= ALWAYS:
        return module.due == 0
    return _log_choose(due, flowing) - _log_choose(due + module.due, flowing) > log(CHANCE)


def _log_choose(things: int, chosen: int) -> float:
    return lgamma(things + 1) - lgamma(chosen + 1) - lgamma(things - chosen + 1)


def _share(module: ModuleView) -> float:
    return module.health.steps_with_gradient / module.due if module.due else 0.0


def _seen(module: ModuleView) -> str:
    """Return in how many steps a module had a gradient: `none in 20 steps`, `in 3 of 20 steps`."""
    health = module.health
    if health.steps_with_gradient:
        return f"in {health.steps_with_gradient:,} of {plural(module.due, 'step')}"
    kind = "zero" if health.steps_with_zero_gradient else "none"
    return f"{kind} in {plural(module.due, 'step')}" if module.due else "not due"


def _said(
    effect: Effect, severity: Severity, name: str, text: str, before: Sequence[ModuleView], module: ModuleView
) -> Change:
    was = counted(dict.fromkeys(_word(one) for one in before))
    return Change(ChangeKind.GRADIENT, effect, severity, name, text, was, _word(module))


def _word(module: ModuleView) -> str:
    """Return a module's state and its steps: `flows in 20 of 20 steps`, `no gradient in 20 steps`, `frozen`."""
    flowing, due = module.health.steps_with_gradient, plural(module.due, "step")
    where = f" in {flowing:,} of {due}" if flowing else f" in {due}" if module.due else ""
    return f"{module.health.state.value}{where}"

"""Which parameters appeared, vanished, froze, thawed, left their optimizer or came to one.

A parameter is trained where an optimizer stepped it within the steps that are compared. Where its turn comes later, it has not
been taken out of the training, however short the new run is.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.compare.nesting import above
from gradprobe.text.figures import plural
from gradprobe.values import ModuleState, Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.compare.view import View
    from gradprobe.record.record import Parameter

_TRAINED: Final = "trained"
_FROZEN: Final = "frozen"
_UNSTEPPED: Final = "stepped by no optimizer"
_RESTS: Final = "not stepped yet"
_VERBS: Final = {_FROZEN: "is frozen", _UNSTEPPED: "is stepped by no optimizer"}
_VERBS_BACK: Final = {_FROZEN: "is no longer frozen", _UNSTEPPED: "is stepped by an optimizer now"}


def changed_parameters(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield what became of parameters, gathered by the topmost module that it became of as a whole.

    Of a report only the numbers of each root module are known.
    """
    before = [one.parameters for one in baselines]
    after = new.parameters
    if after is None or any(one is None for one in before):
        yield from _by_numbers(baselines, new)
        return
    known = [one for one in before if one is not None]
    yield from _there(known, after)
    yield from _turned(known, after)


def _there(known: Sequence[Mapping[str, Parameter]], after: Mapping[str, Parameter]) -> Iterator[Change]:
    """Yield parameters that vanished or appeared, or have another shape."""
    before = {name: one for theirs in reversed(known) for name, one in theirs.items()}
    # In every baseline: what only some of them had is no loss.
    everywhere = [name for name in known[0] if all(name in theirs for theirs in known)]
    for module, names in _gathered([name for name in everywhere if name not in after], before):
        yield _change(module, names, "is no longer there", "there", "not there", worse=True)
    for module, names in _gathered([name for name in after if name not in before], after):
        yield _change(module, names, "is new", "not there", "there", worse=None)
    for name, one in after.items():
        shapes = {theirs[name].shape for theirs in known if name in theirs}
        if shapes and one.shape not in shapes:
            was = " or ".join(map(str, sorted(shapes)))
            text = f"{name} has another shape: {one.shape}, before {was}."
            yield Change(ChangeKind.PARAMETERS, Effect.CHANGE, Severity.INFO, name, text, was, str(one.shape))


def _turned(known: Sequence[Mapping[str, Parameter]], after: Mapping[str, Parameter]) -> Iterator[Change]:
    """Yield parameters that every baseline trained and the new run does not, then those that only the new run trains."""
    turns: dict[tuple[str, str], list[str]] = {}
    for name, one in after.items():
        standings = {_standing(theirs[name]) for theirs in known if name in theirs}
        now = _standing(one)
        # What differs between baselines, or was not trained and still is not, has not turned; nor has what only rests.
        if (
            len(standings) == 1
            and now not in standings
            and _TRAINED in (now, *standings)
            and _RESTS not in (now, *standings)
        ):
            turns.setdefault((standings.pop(), now), []).append(name)
    for (then, now), names in turns.items():
        verb = _VERBS[now] if then == _TRAINED else _VERBS_BACK[then]
        for module, held in _gathered(names, after):
            yield _change(module, held, verb, then, now, worse=then == _TRAINED)


def _standing(parameter: Parameter) -> str:
    """Return whether an optimizer steps a parameter, and why not, in the steps that are compared."""
    if not parameter.trainable:
        return _FROZEN
    if parameter.optimizer is None:
        return _UNSTEPPED
    return _TRAINED if parameter.counts.looked_at else _RESTS


def _gathered(names: Sequence[str], among: Collection[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yield names by the topmost module all of whose parameters are among them; a name by itself where none is."""
    chosen = set(names)
    missed = {module for name in among if name not in chosen for module in above(name)}
    gathered: dict[str, list[str]] = {}
    for name in names:
        whole = [module for module in above(name) if module not in missed]
        gathered.setdefault(whole[-1] if whole else name, []).append(name)
    for module, held in gathered.items():
        yield module, tuple(held)


def _change(subject: str, names: tuple[str, ...], verb: str, base: str, new: str, *, worse: bool | None) -> Change:
    whole = "" if names == (subject,) else f", all of it: {plural(len(names), 'parameter')}"
    effect = Effect.CHANGE if worse is None else Effect.REGRESSION if worse else Effect.IMPROVEMENT
    return Change(
        kind=ChangeKind.PARAMETERS,
        effect=effect,
        severity=Severity.WARNING if worse else Severity.INFO,
        subject=subject,
        text=f"{subject} {verb}{whole}.",
        base=base,
        new=new,
        also=() if names == (subject,) else names,
    )


def _by_numbers(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield root modules with fewer or more parameters, or trainable ones, than in every baseline, and those not stepped any more."""
    for name, module in new.modules.items():
        before = [one.modules[name].health for one in baselines if name in one.modules]
        if module.health.depth or len(before) < len(baselines):
            continue
        resting = (ModuleState.NOT_STEPPED, ModuleState.FROZEN)
        if module.health.state is ModuleState.NOT_STEPPED and not any(one.state in resting for one in before):
            yield _change(name, (name,), _VERBS[_UNSTEPPED], _TRAINED, _UNSTEPPED, worse=True)
        numbers = (
            ("parameter", [one.parameters for one in before], module.health.parameters),
            ("trainable parameter", [one.trainable for one in before], module.health.trainable),
        )
        for noun, then, now in numbers:
            if min(then) <= now <= max(then):
                continue
            fewer = now < min(then)
            yield Change(
                kind=ChangeKind.PARAMETERS,
                effect=Effect.REGRESSION if fewer else Effect.CHANGE,
                severity=Severity.WARNING if fewer else Severity.INFO,
                subject=name,
                text=f"{name} has {plural(now, noun)}, before {then[0]:,}.",
                base=plural(then[0], noun),
                new=plural(now, noun),
            )

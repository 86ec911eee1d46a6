"""Parameters that a loss trains and no optimizer owns, sorted by how that came about: one cause each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.values import Confidence, Severity
from gradprobe_checks.provenance import modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import Module, ObservationSeen, Optimizer, Parameter, Record
    from gradprobe.values import Observation, Site
    from gradprobe.values.observations import Detail

LEAST_STEPS: Final = 3
"""Steps of a run below which nothing is more than info."""
CUT_SHORT_STEPS: Final = 10
"""Steps from which it is a warning in a run that was cut short: an optimizer for it may have been to come."""
ANY_STEPS: Final = 100
"""Steps from which it is an error however the run ended."""


@dataclass(frozen=True, slots=True)
class Stray:
    """A parameter that a loss trains and no optimizer owns.

    Attributes:
        kind: `recreated` (made anew again and again), `stale` (took the place of one that an optimizer owns), `copy` (the
            optimizer owns another one that no loss reaches), `kept` (held where a module does not register it), `late`
            (made after the optimizer, which owns the rest of its module), `bare` (a tensor of its own), `forgotten`.
        observation: What was seen of it.
        seen: When.
        parameter: Its row in the record; None where it has none.
        optimizer: The optimizer that would have been given it.
    """

    kind: str
    observation: Observation
    seen: ObservationSeen
    parameter: Parameter | None
    optimizer: Optimizer | None

    @property
    def name(self) -> str:
        """Its name."""
        return self.observation.parameters[0]

    def number(self, key: str) -> int:
        """Return a number of its detail."""
        value = self.observation.detail.get(key)
        return int(value) if isinstance(value, (int, float)) else 0

    def word(self, key: str) -> str:
        """Return a word of its detail."""
        return str(self.observation.detail.get(key) or "")

    def site(self, role: str) -> Site | None:
        """Return the place of another end of it."""
        return next((one.site for one in self.observation.related if one.role == role), None)

    @property
    def made(self) -> Site | None:
        """The line that made it."""
        return self.observation.site if self.observation.site.line else None

    @property
    def steps_with_gradient(self) -> int:
        """Steps in which it is known to have had a gradient that is not zero."""
        counted = 0 if self.parameter is None else self.parameter.counts.flowing
        return max(counted, self.number("flowing"))


def strays(record: Record) -> list[Stray]:
    """Return all of them."""
    positions = {one.name: one for one in record.parameters}
    optimizers = {one.number: one for one in record.optimizers}
    seen = [
        (observation, seen)
        for observation, seen in observations(record, "unowned-parameter")
        if _is_left_alone(observation.detail) and not _is_owned(positions.get(observation.parameters[0]))
    ]
    remade = _made_again(seen)
    idle = {one.number for one in record.optimizers} - {
        one.optimizer for one in record.parameters if one.counts.flowing
    }
    found = []
    for observation, when in seen:
        number = observation.detail.get("optimizer")
        kind = _kind(observation, is_remade=observation.key in remade, is_idle=number in idle)
        optimizer = optimizers.get(number) if isinstance(number, int) else None
        if kind and optimizer is not None:
            found.append(Stray(kind, observation, when, positions.get(observation.parameters[0]), optimizer))
    return [one for one in found if _is_meant_to_train(record, one)]


def _is_left_alone(detail: _Details) -> bool:
    """Return whether it has a gradient of which nobody makes use."""
    return bool(
        detail.get("flowing")
        and not detail.get("is_owned")
        and not detail.get("is_used" if detail.get("is_parameter") else "is_read")
        and not detail.get("is_differentiated")
        and not detail.get("evaluates")
    )


def _is_owned(parameter: Parameter | None) -> bool:
    return parameter is not None and parameter.optimizer is not None


def _made_again(seen: Sequence[tuple[Observation, ObservationSeen]]) -> set[str]:
    """Return the keys of those that one line makes again and again: each serves for a while, and never again."""
    by_line: dict[tuple[Site, str], list[Observation]] = {}
    for observation, _ in seen:
        if observation.site.line:
            short = observation.parameters[0].rpartition(".")[2]
            by_line.setdefault((observation.site, short), []).append(observation)
    found: set[str] = set()
    for group in by_line.values():
        steps = sorted((_integer(one, "first_reached"), _integer(one, "last_reached")) for one in group)
        apart = sum(later[0] > earlier[1] for earlier, later in itertools.pairwise(steps))
        again = any(one.detail.get("is_remade") and one.detail.get("in_forward") for one in group)
        is_fresh = any(one.detail.get("contents") in ("random", "constant", "copied") for one in group)
        is_brief = is_fresh and all(last - first < LEAST_STEPS - 1 for first, last in steps)
        if again or (apart >= LEAST_STEPS - 1 and is_brief):
            found.update(one.key for one in group)
    return found


def _kind(observation: Observation, *, is_remade: bool, is_idle: bool) -> str:
    """Return the kind of a stray; empty where it is meant to be as it is.

    Args:
        observation: What was seen.
        is_remade: Whether its line makes it again and again.
        is_idle: Whether nothing that its optimizer owns ever had a gradient.
    """
    detail = observation.detail
    if is_remade:
        return "recreated" if detail.get("is_parameter") else ""
    if detail.get("changed") or not detail.get("compared"):
        return ""
    if detail.get("gone") and (detail.get("replaces") or detail.get("late")):
        return "stale"
    if detail.get("owns") and detail.get("unreached") == detail.get("owns") and is_idle:
        return "copy"
    if detail.get("written") or detail.get("contents") == "loaded" or detail.get("copied_from") in ("reached", "owned"):
        return ""
    if detail.get("held"):
        return "kept"
    if not detail.get("is_parameter"):
        return "bare"
    return "late" if detail.get("late") and detail.get("kin") else "forgotten"


def _is_meant_to_train(record: Record, stray: Stray) -> bool:
    """Return whether the program trains things of its sort at all."""
    if stray.kind == "bare":
        return stray.number("elements") == 1 or any(_trains_bare(record))
    if stray.kind in ("forgotten", "late"):
        bare = _trains_bare(record)  # An image, a prompt, a latent code is optimised, and the model is given.
        return not bare or not all(bare)
    return True


def _trains_bare(record: Record) -> list[bool]:
    """Return for each parameter that trains whether it is a tensor of its own, part of no module."""
    roots: dict[str, Module] = {module.name: module for module in record.modules if module.depth == 0}
    return [
        not one.module and one.name in roots and roots[one.name].type in ("Tensor", "Parameter")
        for one in record.parameters
        if one.optimizer is not None and one.counts.flowing
    ]


def groups(record: Record, kinds: Sequence[str]) -> Iterator[list[Stray]]:
    """Yield the strays of some kinds in groups of one cause: one kind, one optimizer, one line where lines tell them apart."""
    by_cause: dict[tuple[object, ...], list[Stray]] = {}
    for stray in strays(record):
        if stray.kind in kinds:
            line = stray.site("kept here") or stray.made if stray.kind in ("kept", "bare", "recreated") else None
            number = None if stray.optimizer is None else stray.optimizer.number
            by_cause.setdefault((stray.kind, number, line), []).append(stray)
    yield from by_cause.values()


def is_fresh(group: Sequence[Stray]) -> bool:
    """Return whether these were made to be trained: random numbers were written into some, or they were born late."""
    return any(
        one.word("contents") in ("random", "constant") or one.word("copied_from") == "unowned" or one.kind == "late"
        for one in group
    )


def gravity(record: Record, group: Sequence[Stray], *, may_come_later: bool) -> tuple[Severity, Confidence]:
    """Return how bad and how sure it is.

    Args:
        record: The run.
        group: The strays.
        may_come_later: Whether another optimizer might have been to come.
    """
    steps = record.facts.steps
    if steps < LEAST_STEPS or not any(one.steps_with_gradient for one in group):
        return Severity.INFO, Confidence.POSSIBLE
    if not may_come_later or record.facts.stopped_by == "script" or steps >= ANY_STEPS:
        return Severity.ERROR, Confidence.CERTAIN
    if steps >= CUT_SHORT_STEPS:
        return Severity.WARNING, Confidence.LIKELY
    return Severity.INFO, Confidence.POSSIBLE


def parts_of(record: Record, group: Sequence[Stray]) -> tuple[str, ...]:
    """Return the names of the largest parts of the program that these make up."""
    names = {one.name: position for position, one in enumerate(record.parameters)}
    held = [one.word("holder") for one in group if one.word("held")]
    rest = {names[one.name] for one in group if not one.word("held") and one.name in names}
    nameless = [one.name for one in group if not one.word("held") and one.name not in names]
    return tuple(dict.fromkeys([*held, *(modules_of(record, rest) if rest else ()), *nameless]))


def most_common_line(sites: Sequence[Site | None]) -> Site | None:
    """Return the line that occurs most often, the first of those that do."""
    known = [site for site in sites if site is not None]
    return max(known, key=known.count, default=None)


def _integer(observation: Observation, key: str) -> int:
    value = observation.detail.get(key)
    return int(value) if isinstance(value, (int, float)) else 0


if TYPE_CHECKING:
    from collections.abc import Mapping

    _Details = Mapping[str, Detail]


def replaced(record: Record) -> set[int]:
    """Return owned parameters that are in no module any more, where it is said what took their place."""
    told = {
        group[0].optimizer.number for group in groups(record, ("stale", "recreated")) if group[0].optimizer is not None
    }
    nowhere = {int(one) for module in record.modules if not module.type for one in module.parameters}
    return {position for position in nowhere if record.parameters[position].optimizer in told}

"""What the deep steps of a record say about parameters: which losses reach them, and through which cuts their values go."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Final

from gradprobe.values import Backward, GradCut, LossReach, Observation, OptimizerStep

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Parameter, Record
    from gradprobe.values import Site

TURNS_OFF: Final = frozenset({"no_grad", "inference_mode", "set_grad_enabled"})
"""Kinds of cut whose line turned gradients off for what runs below it."""


def cuts(record: Record) -> dict[int, GradCut]:
    """Return the cuts by their number."""
    return {seen.observed.number: seen.observed for seen in record.observations if isinstance(seen.observed, GradCut)}


def reaches(record: Record) -> list[LossReach]:
    """Return what each backward reached, in the order in which they were first seen."""
    return [seen.observed for seen in record.observations if isinstance(seen.observed, LossReach)]


def observations(record: Record, what: str) -> Iterator[tuple[Observation, ObservationSeen]]:
    """Yield the observations of a kind, with when they were made."""
    for seen in record.observations:
        if isinstance(seen.observed, Observation) and seen.observed.what == what:
            yield seen.observed, seen


def reached(record: Record) -> set[int]:
    """Return the positions of all parameters that the gradient of some loss reaches."""
    return {position for reach in reaches(record) for position in reach.reached}


def never_flowed(parameter: Parameter) -> bool:
    """Return whether its optimizer stepped, and it had no gradient that is not zero in any step of the run."""
    counts = parameter.counts
    return counts.looked_at > 0 and counts.flowing == 0 and counts.non_finite == 0


def held_at_crash(record: Record) -> set[str]:
    """Return the names of the parameters that held a gradient when an exception ended a call: it came, though no step used it."""
    return {name for observation, _ in observations(record, "gradients-at-crash") for name in observation.parameters}


def own_losses(record: Record, optimizers: Iterable[int]) -> set[Site]:
    """Return the backward calls that come right before steps of these optimizers: their own losses, as far as that shows."""
    wanted = set(optimizers)
    found: set[Site] = set()
    for pattern in record.patterns:
        since: list[Site] = []
        for position in pattern:
            call = record.calls[position].call
            if isinstance(call, Backward):
                since.append(call.site)
            elif isinstance(call, OptimizerStep):
                if call.optimizer in wanted:
                    found.update(since)
                since = []
    return found


def own_backwards(record: Record) -> dict[int, set[Site]]:
    """Return for each optimizer the backward calls that come right before its step, with no other step in between."""
    return {one.number: own_losses(record, [one.number]) for one in record.optimizers}


def modules_of(record: Record, positions: Iterable[int]) -> tuple[str, ...]:
    """Return the largest modules all of whose trainable parameters are among these, else the modules that hold them."""
    chosen = set(positions)
    found: list[str] = []
    covered: set[int] = set()
    for module in record.modules:
        own = {int(position) for position in module.parameters if record.parameters[int(position)].trainable}
        if own and own <= chosen and not own <= covered:
            found.append(module.name)
            covered |= own
    rest = {record.parameters[position].module or record.parameters[position].name for position in chosen - covered}
    return (*found, *sorted(rest))


def names_of(record: Record, positions: Iterable[int]) -> tuple[str, ...]:
    """Return the names of parameters, in the order of the record."""
    return tuple(record.parameters[position].name for position in sorted(positions))


def listed(names: Iterable[str], most: int = 3) -> str:
    """Return names as a person would list them."""
    words = list(names)
    if len(words) > most:
        words = [*words[:most], f"{len(words) - most} more"]
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def agreeing(names: str, one: str, several: str) -> str:
    """Return the verb that goes with names as `listed` gives them: `net is`, `encoder and head are`."""
    return several if " and " in names else one


def counted(number: int, thing: str) -> str:
    """Return `1 parameter`, `3 parameters`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def the_loss(name: str) -> str:
    """Return `the loss`, with its name where that says more."""
    return "the loss" if name in ("", "loss") else f"the loss {name.removeprefix('loss ')}"

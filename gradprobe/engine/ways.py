"""What the gradient of each loss reaches, in the words of the model: modules, not parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gradprobe.values import Barrier, GradCut, LossReach, Way

if TYPE_CHECKING:
    from collections.abc import Collection

    from gradprobe.record.record import Record


@dataclass(frozen=True, slots=True)
class Reached:
    """Parameters by what deep steps saw become of them, as positions in `Record.parameters`.

    Attributes:
        live: Those that some loss reaches.
        severed: Those whose values came to some loss and that no loss reaches.
        looked: Whether a loss with a graph was looked at.
    """

    live: frozenset[int]
    severed: frozenset[int]
    looked: bool


def reached(record: Record) -> Reached:
    """Return what became of the parameters, over all losses."""
    reaches = _reaches(record)
    live = frozenset(position for reach in reaches for position in reach.reached)
    cut = frozenset(position for reach in reaches for behind in reach.cut.values() for position in behind)
    return Reached(live, cut - live, any(reach.has_graph for reach in reaches))


def ways(record: Record) -> tuple[Way, ...]:
    """Return the way of each loss that deep steps looked at, those with an end on the way first."""
    cuts = {seen.observed.number: seen.observed for seen in record.observations if isinstance(seen.observed, GradCut)}
    found = [_way(record, reach, cuts) for reach in _reaches(record)]
    return tuple(sorted(found, key=lambda way: not way.barriers))


def _reaches(record: Record) -> list[LossReach]:
    return [seen.observed for seen in record.observations if isinstance(seen.observed, LossReach)]


def _way(record: Record, reach: LossReach, cuts: dict[int, GradCut]) -> Way:
    live = frozenset(reach.reached)
    barriers = []
    for number, positions in reach.cut.items():
        behind = frozenset(positions) - live
        cut = cuts.get(number)
        if behind and cut is not None:
            names = whole_modules(record, behind)
            barriers.append(Barrier(cut.kind, cut.operation, cut.site, cut.at, names, len(behind)))
    barriers.sort(key=lambda barrier: -barrier.parameters)
    return Way(
        loss=reach.loss,
        site=reach.site,
        reached=whole_modules(record, live),
        parameters=len(live) + reach.unnamed,
        barriers=tuple(barriers),
        frozen=whole_modules(record, frozenset(reach.frozen)),
        has_graph=reach.has_graph,
    )


def whole_modules(record: Record, positions: Collection[int]) -> tuple[str, ...]:
    """Return the largest modules all of whose trainable parameters are among the positions, then what is left of others.

    Parameters that do not require a gradient are passed over, unless they are among the positions themselves.

    Args:
        record: The run.
        positions: Positions in `Record.parameters`.
    """
    wanted = {position for position in positions if position < len(record.parameters)}
    left, names, taken_depth = set(wanted), list[str](), None
    for module in record.modules:
        if taken_depth is not None and module.depth > taken_depth:
            continue  # Below one that was taken.
        taken_depth = None
        own = {int(position) for position in module.parameters}
        due = {position for position in own if record.parameters[position].trainable or position in wanted}
        if due and due <= wanted and due & left:
            names.append(module.name)
            left -= own
            taken_depth = module.depth
    names += [record.parameters[position].name for position in sorted(left)]
    return tuple(names)

"""Keeping a thing that recurs once, with the steps it was seen in."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

from gradprobe.values import Incident, Observed
from gradprobe.values.observations import key_of

Item = TypeVar("Item", bound=Hashable)

MOST_INCIDENTS: Final = 1024
"""Different incidents (kind and place) that a record keeps."""
MOST_OBSERVATIONS: Final = 8192
"""Different observations that a record keeps."""
MOST_KEPT_STEPS: Final = 1024
"""Steps that are never thinned because something happened in them."""


@dataclass(slots=True)
class Seen(Generic[Item]):
    """A thing and the steps it was seen in; `first_step` is -1 before it was seen in any."""

    item: Item
    first_step: int = -1
    last_step: int = -1
    count: int = 0

    def count_in(self, step: int) -> None:
        """Note that it was seen once more."""
        self.first_step = step if self.first_step < 0 else self.first_step
        self.last_step = step
        self.count += 1

    @property
    def range(self) -> tuple[int, int, int]:
        """First step, last step and count, as the record's tables hold them."""
        return self.first_step, self.last_step, self.count


class Interned(Generic[Item]):
    """Gives each different item a position, up to a limit, and remembers which changed since they were last saved."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._positions: dict[Item, int] = {}
        self._seen: list[Seen[Item]] = []
        self._changed: set[int] = set()

    def position(self, item: Item) -> int | None:
        """Return the item's position, new or old; None where there are as many as there may be."""
        position = self._positions.get(item)
        if position is None and len(self._seen) < self._limit:
            position = self._positions[item] = len(self._seen)
            self._seen.append(Seen(item))
            self._changed.add(position)
        return position

    def at(self, position: int) -> Item:
        """Return the item at a position."""
        return self._seen[position].item

    def count(self, position: int, step: int) -> None:
        """Note that the item at this position was seen in a step."""
        self._seen[position].count_in(step)
        self._changed.add(position)

    def changed(self) -> list[tuple[int, Seen[Item]]]:
        """Return what is new or was counted since `saved` was called."""
        return [(position, self._seen[position]) for position in sorted(self._changed)]

    def saved(self) -> None:
        """Note that what has changed is in the record."""
        self._changed.clear()


class Incidents:
    """Keeps an incident once for its kind, place and text; numbers in the text differ each time and do not count."""

    def __init__(self) -> None:
        self._seen: dict[tuple[object, ...], int] = {}
        self._kept: Interned[tuple[int, Incident]] = Interned(MOST_INCIDENTS)
        self._kept_steps = 0
        self._first_steps: set[int] = set()

    def add(self, step: int, incident: Incident) -> None:
        """Note an incident."""
        key = _alike(incident)
        position = self._seen.get(key)
        if position is None:
            position = self._kept.position((len(self._seen), incident))
            if position is None:
                return
            self._seen[key] = position
            self._first_steps.add(step)
        self._kept.count(position, step)

    def began_in(self, step: int) -> bool:
        """Return whether an incident was seen for the first time in this step."""
        return step in self._first_steps

    def changed(self) -> list[tuple[int, Seen[Incident]]]:
        """Return what is new or was counted since `saved` was called."""
        return [(position, Seen(seen.item[1], *seen.range)) for position, seen in self._kept.changed()]

    def saved(self) -> None:
        """Note that what has changed is in the record."""
        self._kept.saved()

    def keep_another(self) -> bool:
        """Return whether one more step may be kept from thinning, and count it."""
        self._kept_steps += 1
        return self._kept_steps <= MOST_KEPT_STEPS


class Observations:
    """Keeps an observation once for its kind and place; what it says newest replaces what it said before."""

    def __init__(self) -> None:
        self._positions: dict[tuple[object, ...], int] = {}
        self._seen: list[Seen[Observed]] = []
        self._changed: set[int] = set()

    def add(self, step: int, observed: Observed) -> None:
        """Note an observation; beyond the limit new ones are passed over."""
        key = key_of(observed)
        position = self._positions.get(key)
        if position is None:
            if len(self._seen) >= MOST_OBSERVATIONS:
                return
            position = self._positions[key] = len(self._seen)
            self._seen.append(Seen(observed))
        seen = self._seen[position]
        seen.item = observed
        seen.count_in(step)
        self._changed.add(position)

    def changed(self) -> list[tuple[int, Seen[Observed]]]:
        """Return what is new or was seen again since `saved` was called."""
        return [(position, self._seen[position]) for position in sorted(self._changed)]

    def saved(self) -> None:
        """Note that what has changed is in the record."""
        self._changed.clear()


def _alike(incident: Incident) -> tuple[object, ...]:
    """Return what an incident shares with those that are the same again: its place, its kind, and its text but for numbers."""
    kind = getattr(incident, "type", getattr(incident, "category", ""))
    text = "".join(letter for letter in getattr(incident, "message", "")[:200] if not letter.isdigit())
    return type(incident), incident.site, kind, text

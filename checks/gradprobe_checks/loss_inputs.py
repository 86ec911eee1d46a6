"""What losses were given that they do not expect: the line to edit, and one finding for each."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import TYPE_CHECKING, NamedTuple

from gradprobe.values import RelatedSite
from gradprobe_checks.provenance import modules_of, observations

if TYPE_CHECKING:
    from gradprobe.record.record import ObservationSeen, Record
    from gradprobe.values import Observation, Site


class LossInput(NamedTuple):
    """A loss that was given what it does not expect.

    Attributes:
        observation: What was seen.
        seen: When.
        location: The line to edit: where the values were made, if nothing but this loss wants them so; else the loss.
        related: The other ends.
        modules: The modules behind it.
    """

    observation: Observation
    seen: ObservationSeen
    location: Site
    related: tuple[RelatedSite, ...]
    modules: tuple[str, ...]

    @property
    def given(self) -> str:
        """What it was given."""
        return str(self.observation.detail["given"])

    @property
    def loss(self) -> str:
        """The function."""
        return str(self.observation.detail["loss"])


def modules_behind(record: Record, names: Collection[str]) -> tuple[str, ...]:
    """Return the modules of parameters, by the parameters' names."""
    return modules_of(record, {position for position, one in enumerate(record.parameters) if one.name in names})


def loss_inputs(record: Record, contracts: Collection[str]) -> Iterator[LossInput]:
    """Yield what breaks one of these contracts, once for each line to edit."""
    told: set[tuple[str, int]] = set()
    for observation, seen in observations(record, "loss-input"):
        if observation.detail["contract"] not in contracts:
            continue
        location = _line_to_edit(observation)
        if (location.file, location.line) in told:
            continue
        told.add((location.file, location.line))
        related = [one for one in observation.related if one.site != location]
        if observation.site != location:
            related.insert(0, RelatedSite(observation.site, "given to the loss here"))
        modules = modules_behind(record, frozenset(observation.parameters))
        yield LossInput(observation, seen, location, tuple(related), modules)


def _line_to_edit(observation: Observation) -> Site:
    if observation.detail.get("elsewhere") or not observation.detail.get("is_own", True):
        return observation.site
    sites = {one.role: one.site for one in observation.related}
    return sites.get("built here") or sites.get("made here") or observation.site

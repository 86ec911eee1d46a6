"""States that are loaded into modules: one that is the module's own, and one that takes it back to where it began."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.ownership.aliases import alias_line
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values.observations import Detail

SELF: Final = "self-load"
"""An observation of a state that shares its memory with the module it is loaded into; the site is the line to edit. `how` is
`state` (a `state_dict()` that was kept) or `module` (a module with two names) or `line`; `steps` is the most training steps that
had passed since the state was taken, -1 where that is not known; `times` how often; `class` the module's."""
BACK: Final = "back-to-start"
"""An observation of a `load_state_dict` after which a module that an optimizer owns had the values it began with, though it had
been trained; `times` how often, `loads` out of how many, `class` the module's."""
MOST_LOADS: Final = 512
"""Calls that are looked at."""
LOOKED_AT: Final = 64
"""Tensors of a state that are looked at."""
LOOK_CLOSER_AT: Final = (3, 15, 60, 240)
"""Loads at one line after which deep steps are asked for."""
MORE: Final = 6
"""Deep steps that are asked for."""
MOST_STATES: Final = 256
"""States that are remembered."""


class Loads:
    """Remembers where states were taken, and looks at them when they are loaded."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._taken: dict[int, tuple[weakref.ref[torch.Tensor], Site, int]] = {}
        self._loads = 0
        self._of_site: dict[Site, tuple[int, int]] = {}
        self._renewed = -1
        self._times: dict[Site, int] = {}
        self._selves: dict[Site, tuple[int, int]] = {}

    def taken(self, state: object, site: Site, steps: int) -> None:
        """Note that a state was taken."""
        first = _first(state)
        if first is not None and len(self._taken) < MOST_STATES:
            self._taken[id(first)] = (weakref.ref(first), site, steps)
        elif len(self._taken) >= MOST_STATES:
            self._taken = {key: entry for key, entry in self._taken.items() if entry[0]() is not None}

    def loaded(self, module: torch.nn.Module, state: object, site: Site, steps: int) -> None:
        """Look at a state that has just been loaded.

        Args:
            module: Into what.
            state: The state.
            site: Where.
            steps: Training steps there were so far.
        """
        self._loads += 1
        if steps:
            self._look_closer(module, site)
        if self._loads > MOST_LOADS or not isinstance(state, Mapping):
            return
        if _is_own(module, state):
            self._note_self(module, state, site, steps)
        elif steps:
            self._note_return(module, site)

    def _look_closer(self, module: torch.nn.Module, site: Site) -> None:
        """Ask for deep steps where a state is loaded over and over into a module that is trained: do its changes last?"""
        times = self._times[site] = self._times.get(site, 0) + 1
        first = next(iter(module.parameters()), None)
        if times not in LOOK_CLOSER_AT or first is None:
            return
        if self._deep.books.page(self._deep.tracer.leaves.of(first).number).is_owned:
            self._deep.want(MORE)

    def _note_self(self, module: torch.nn.Module, state: Mapping[str, object], site: Site, steps: int) -> None:
        deep = self._deep
        first = _first(state)
        entry = None if first is None else self._taken.get(id(first))
        taken = entry if entry is not None and entry[0]() is first else None
        since = -1 if taken is None else steps - taken[2]
        at, how = site, "line"
        if taken is not None and (since > 0 or taken[1].line != site.line):
            at, how = taken[1], "state"
        if since <= 0:
            found = alias_line(site.file, site.line, deep.tracer.sites.user_files())
            if found is not None:
                at, how = deep.line_site(*found, ""), "module"
        times, most = self._selves.get(at, (0, -1))
        times, most = times + 1, max(most, since)
        self._selves[at] = (times, most)
        owned = [one for one in module.parameters() if deep.books.page(deep.tracer.leaves.of(one).number).is_owned]
        names = tuple(deep.name_of(deep.tracer.leaves.of(one).number) for one in owned[:LOOKED_AT])
        detail: dict[str, Detail] = {
            "how": how,
            "steps": most,
            "times": times,
            "class": type(module).__name__,
            "owned": len(owned),
        }
        related = (RelatedSite(site, "loaded here"),) if at != site else ()
        deep.observe(Observation(SELF, at, related, names, detail))

    def _note_return(self, module: torch.nn.Module, site: Site) -> None:
        """Note whether a module is back where it began; an optimizer that was renewed meanwhile begins anew with it."""
        deep = self._deep
        returned = deep.samples.is_at_start(module)
        if returned is None:
            return
        is_renewed = deep.books.renewals != self._renewed
        self._renewed = deep.books.renewals
        times, loads = self._of_site.get(site, (0, 0))
        times, loads = times + (returned and not is_renewed), loads + 1
        self._of_site[site] = (times, loads)
        if times:
            names = tuple(
                deep.name_of(deep.tracer.leaves.of(one).number) for one in list(module.parameters())[:LOOKED_AT]
            )
            detail: dict[str, Detail] = {"times": times, "loads": loads, "class": type(module).__name__}
            deep.observe(Observation(BACK, site, (), names, detail))


def _first(state: object) -> torch.Tensor | None:
    """Return the first tensor of a state."""
    if not isinstance(state, Mapping):
        return None
    return next((value for value in state.values() if isinstance(value, torch.Tensor)), None)


def _is_own(module: torch.nn.Module, state: Mapping[str, object]) -> bool:
    """Return whether the parameters in a state are the module's own memory."""
    compared = 0
    for _, (name, parameter) in zip(range(LOOKED_AT), module.named_parameters(), strict=False):
        value = state.get(name)
        if not isinstance(value, torch.Tensor) or value.is_meta or parameter.is_meta or not value.numel():
            continue
        if type(value) not in (torch.Tensor, torch.nn.Parameter) or value.layout != torch.strided:
            return False
        if value.data_ptr() != parameter.data_ptr() or value.shape != parameter.shape:
            return False
        compared += 1
    return compared > 0

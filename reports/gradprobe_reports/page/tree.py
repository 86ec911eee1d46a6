"""The tree of modules, each with its state."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from gradprobe.text.words import TROUBLE

if TYPE_CHECKING:
    from gradprobe.values import ModuleHealth, ModuleState, Report, Site

MOST: Final = 1500
"""Modules shown: what a browser lays out at once."""
MOST_UNFOLDED: Final = 40
"""Modules in trouble for which the tree is unfolded down to them."""
DEEPEST: Final = 60
"""Levels below a root that are shown: a template calls itself for each, and a screen has no room for more."""


@dataclass(slots=True)
class Branch:
    """A module with what is below it.

    Attributes:
        module: The module.
        label: Its name below its parent.
        key: The state as a word for a class of CSS: `no-gradient`.
        parts: Its children.
        is_open: Whether it is unfolded: something below it is in a state of its own.
        cut: The line at which its gradient ends; None where that is not known.
        finding: Number of the finding about it; None where none is.
    """

    module: ModuleHealth
    label: str
    key: str
    parts: list[Branch] = field(default_factory=list)
    is_open: bool = False
    cut: Site | None = None
    finding: int | None = None


@dataclass(frozen=True, slots=True)
class Tree:
    """The modules of a run.

    Attributes:
        roots: Root modules.
        hidden: How many modules are not shown.
        states: The states that occur, with how many modules are in each.
    """

    roots: tuple[Branch, ...]
    hidden: int
    states: tuple[tuple[str, str, int], ...]


def key_of(state: ModuleState) -> str:
    """Return a state as a class of CSS."""
    return state.value.replace(" ", "-")


def tree(report: Report) -> Tree:
    """Return the tree of a report's modules: those with parameters, at most `MOST` and `DEEPEST`, a level before the next."""
    modules = [module for module in report.modules if module.parameters]
    depth = _deepest(modules)
    shown = [module for module in modules if module.depth <= min(depth, DEEPEST)][:MOST]
    roots: list[Branch] = []
    opening: list[tuple[Branch, ...]] = []
    way: list[Branch] = []
    cuts = {name: barrier.site for road in report.ways for barrier in road.barriers for name in barrier.modules}
    found = {
        name: number for number, one in reversed(list(enumerate(report.findings, start=1))) for name in one.modules
    }
    for module in shown:
        del way[module.depth :]
        parent = way[-1] if way else None
        label = module.name.removeprefix(f"{parent.module.name}.") if parent else module.name
        # One loss may end at a place and another flow: then the module has a gradient, and nothing is cut.
        cut = cuts.get(module.name) if module.state in TROUBLE else None
        branch = Branch(module, label, key_of(module.state), cut=cut, finding=found.get(module.name))
        (parent.parts if parent else roots).append(branch)
        if parent is not None and module.state is not parent.module.state and module.state in TROUBLE:
            opening.append(tuple(way))
        way.append(branch)
    if len(opening) <= MOST_UNFOLDED:  # More would be screens and screens of the same.
        for above in (branch for way_down in opening for branch in way_down):
            above.is_open = True
    for root in roots:
        root.is_open = root.is_open or len(shown) <= 40
    counts: dict[ModuleState, int] = {}
    for module in modules:
        counts[module.state] = counts.get(module.state, 0) + 1
    states = tuple(
        (key_of(state), state.value, count) for state, count in sorted(counts.items(), key=lambda one: one[0])
    )
    return Tree(tuple(roots), len(modules) - len(shown), states)


def _deepest(modules: list[ModuleHealth]) -> int:
    """Return the deepest level down to which all modules can be shown."""
    levels = sorted(module.depth for module in modules)
    return max(levels[MOST] - 1, 0) if len(levels) > MOST else DEEPEST

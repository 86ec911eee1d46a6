"""Which modules of a large model to show: the roots, what stands out, and nothing that does as its parent does."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from gradprobe.text.words import TROUBLE

if TYPE_CHECKING:
    from gradprobe.values import ModuleHealth

# Up to so many children of a root are shown although they do as the root does; more are a list of layers.
_FEW_CHILDREN: Final = 6
# A frozen or idle child this deep (the base of a LoRA layer) is how the model is made, not news.
_DEEPEST_HARMLESS: Final = 2


@dataclass(frozen=True, slots=True)
class Folded:
    """A module table cut down to what a person reads.

    Attributes:
        rows: Positions of the modules to show, in order.
        names: For each, its name relative to the nearest shown module above it.
        indents: For each, how many shown modules stand above it.
        hidden: How many modules with parameters are not shown.
        hidden_different: How many of them are in trouble while their parent is not, for which there was no room.
    """

    rows: tuple[int, ...]
    names: tuple[str, ...]
    indents: tuple[int, ...]
    hidden: int
    hidden_different: int


def fold(modules: Sequence[ModuleHealth], most: int) -> Folded:
    """Choose at most `most` modules to show, each with all modules above it.

    First come roots, then modules in trouble that their parent is not in, then other differences from the parent,
    then the children of roots that have few.

    Args:
        modules: In the order of the model, parents before children.
        most: Rows that there is room for.
    """
    parents = parents_of(modules)
    children = Counter(parents)
    held = [position for position, module in enumerate(modules) if module.parameters > 0]
    ranked = ((_rank(modules, parents, children, position), position) for position in held)
    wanted = sorted((rank, position) for rank, position in ranked if rank is not None)
    shown: set[int] = set()
    for _, position in wanted:
        path = {position, *_above(parents, position)}
        if len(shown | path) <= most:
            shown |= path
    different = sum(1 for rank, position in wanted if rank == 1 and position not in shown)
    rows = tuple(sorted(shown))
    nearest = [_nearest(parents, shown, row) for row in rows]
    names = tuple(
        _below(modules[row].name, modules[up].name if up is not None else "")
        for row, up in zip(rows, nearest, strict=True)
    )
    indents = tuple(sum(1 for up in _above(parents, row) if up in shown) for row in rows)
    return Folded(rows, names, indents, len(set(held) - shown), different)


def parents_of(modules: Sequence[ModuleHealth]) -> list[int | None]:
    """Return the position of each module's parent, None for a root."""
    parents: list[int | None] = []
    path: list[int] = []
    for position, module in enumerate(modules):
        while path and modules[path[-1]].depth >= module.depth:
            path.pop()
        parents.append(path[-1] if path else None)
        path.append(position)
    return parents


def _rank(
    modules: Sequence[ModuleHealth], parents: Sequence[int | None], children: Mapping[int | None, int], position: int
) -> int | None:
    module, parent = modules[position], parents[position]
    if parent is None:
        return 0
    different = module.state is not modules[parent].state
    if different and module.state in TROUBLE:
        return 1
    if different and module.depth <= _DEEPEST_HARMLESS:
        return 2
    if parents[parent] is None and children[parent] <= _FEW_CHILDREN:
        return 3
    return None


def _above(parents: Sequence[int | None], position: int) -> list[int]:
    above: list[int] = []
    parent = parents[position]
    while parent is not None:
        above.append(parent)
        parent = parents[parent]
    return above


def _nearest(parents: Sequence[int | None], shown: set[int], position: int) -> int | None:
    return next((up for up in _above(parents, position) if up in shown), None)


def _below(name: str, parent: str) -> str:
    return name[len(parent) + 1 :] if parent and name.startswith(f"{parent}.") else name

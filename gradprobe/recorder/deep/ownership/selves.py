"""Copies of a parameter into itself: a target network, an average, a best state that is the very model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.operations import Operation
from gradprobe.recorder.deep.ownership.aliases import alias_line
from gradprobe.values import Observation, RelatedSite

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.node import Node, Place
    from gradprobe.values.observations import Detail

WHAT: Final = "self-write"
"""An observation of a line that copies, or averages, a parameter into itself; `how` is `stored` (a reference that was kept),
`module` (a module with two names) or `line`, `steps` in how many steps. The site is the line that made one thing of two."""
MOST_HOPS: Final = 64
"""Operations that are looked back over for the reference that was kept."""
_SAME: Final = frozenset({"data", "detach", "detach_", "requires_grad_", "parameter"})
_MIXES: Final = frozenset({"mul", "__mul__", "__rmul__", "add", "__add__", "__radd__", "sub", "__sub__", "lerp"})
_COPIES: Final = frozenset({"copy_", "lerp_", "_foreach_copy_", "_foreach_lerp_"})


class Selves:
    """Looks at in-place writes to parameters."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._scaled: dict[int, Place] = {}
        self._steps: dict[Place, int] = {}
        self._newest: dict[Place, int] = {}
        self._told: dict[Place, set[int]] = {}

    def written(self, leaf: Leaf, name: str, place: Place, sources: Sequence[Node | None], target: Node) -> None:
        """Look at a write to a leaf.

        Args:
            leaf: The leaf.
            name: Name of the operation.
            place: The user's line.
            sources: What was written.
            target: The node of the tensor it was written through.
        """
        own = 1 << leaf.number
        plain = name.removeprefix(".data.")
        if plain == "mul_" and not any(sources):
            self._scaled[leaf.number] = place
            return
        if not self._deep.backwards or not sources or sources[0] is None:
            return
        references = _references(sources[0], own)
        is_copy = plain in _COPIES and references == 1 and _is_same(sources[0], own)
        is_average = plain in ("add_", "sub_") and references == 1 and self._scaled.get(leaf.number) == place
        is_mix = plain in (".data", "data", "copy_") and references >= 2
        if is_copy or is_average or is_mix:
            self._note(leaf, place, target, sources[0])

    def _note(self, leaf: Leaf, place: Place, target: Node, source: Node) -> None:
        step = self._deep.tracer.step
        if self._newest.get(place) != step:
            self._newest[place] = step
            self._steps[place] = self._steps.get(place, 0) + 1
        self._told.setdefault(place, set()).add(leaf.number)
        deep = self._deep
        kept = next((one for one in (_stored(target), _stored(source)) if _is_stored(one, place)), None)
        here = deep.site(place)
        site, how = here, "line"
        if kept is not None:
            site, how = deep.site(kept.place), "stored"
        else:
            found = alias_line(here.file, here.line, deep.tracer.sites.user_files())
            if found is not None:
                site, how = deep.line_site(*found, ""), "module"
        names = tuple(deep.name_of(number) for number in sorted(self._told[place]))
        detail: dict[str, Detail] = {"how": how, "steps": self._steps[place]}
        related = (RelatedSite(here, "copied onto itself here"),) if site != here else ()
        deep.observe(Observation(WHAT, site, related, names, detail))


def _is_same(node: Node, own: int) -> bool:
    """Return whether a node is a leaf under another name."""
    while node.operation in _SAME and not node.leaf and node.parents:
        node = node.parents[0]
    return node.leaf == own


def _references(node: Node, own: int, depth: int = 0) -> int:
    """Return how often a leaf itself stands in a value that is a mix of nothing but it; 0 where it is anything else."""
    if _is_same(node, own):
        return 1
    if node.operation not in _MIXES or depth > 3 or not node.parents:
        return 0
    counts = [_references(parent, own, depth + 1) for parent in node.parents]
    return sum(counts) if all(counts) else 0


def _stored(node: Node) -> Node:
    """Return the reference through which a leaf was written or read."""
    for _ in range(MOST_HOPS):
        if not node.parents or not (node.operation in _MIXES or Operation.is_in_place(node.operation)):
            break
        node = node.parents[0]
    return node


def _is_stored(node: Node, place: Place) -> bool:
    """Return whether a reference was made at another line than the one that writes."""
    return node.operation in ("data", "detach") and not node.leaf and node.place is not None and node.place != place

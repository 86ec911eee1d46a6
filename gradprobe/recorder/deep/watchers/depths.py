"""How far from a loss its parameters lie, and what stands on the way to the farthest."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import Node, Place
from gradprobe.recorder.deep.repeats import repeated
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.recorder.deep.zeros import LAYERS, TIMES
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.values.observations import Detail

WHAT: Final = "depths"
"""An observation of a loss: its weights from the farthest to the nearest, and the shortest way of the gradient to the farthest.

At the line at which most of the operations on that way stand. `detail`: `depths` (of each of `parameters`, in operations that
multiply or squash, separated by blanks); `steps` (their number on the way to the farthest), `here` (how many of them stand at this line),
`squashes` and `squash` (how many squash, and the name of most of them), `gain` (the smallest gain, root mean square times square root of
the inputs, of a weight on the way whose values the script chose itself; 0.0 where there is none), `constant` (the product of numbers that
multiply on the way), `large_gain` and `uses` (the largest gain of a weight whose values the script chose itself, and how often it is
used), `repeats` (how often a line ran on its own result). Related sites: `set here` where the small weight got its values, `set large
here` the large one, `repeated here`, `backward`.
"""
MOST_NODES: Final = 50_000
"""Nodes of a graph that are walked."""
MOST_LOOKS: Final = 2
"""Losses of one backward call that are looked at."""
MOST_SITES: Final = 32
"""Backward calls that are looked at."""
SMALL_GAIN: Final = 0.5
"""Gain of a weight below which its values are called small; torch's own default for a linear layer has 0.58."""
SQUASHES: Final = frozenset(
    {
        *("sigmoid", "sigmoid_", "tanh", "tanh_", "softmax", "softsign", "hardsigmoid", "hardtanh", "log_sigmoid"),
        *("rnn_tanh_cell", "rnn_relu_cell", "gru_cell", "lstm_cell", "rnn_tanh", "gru", "lstm"),
    }
)
"""Operations whose derivative is below one nearly everywhere, and cells that hold some."""
_COUNTED: Final = SQUASHES | LAYERS | TIMES | {"addmm", "baddbmm"}


@dataclass(frozen=True, slots=True)
class Depths:
    """What one loss's graph says.

    Attributes:
        leaves: Bits' positions of weights with their depths, the farthest first.
        way: Operations between the loss and the farthest of them.
        large: Gain of the weight with the largest, where it was set, and how often it is used.
        repeats: How often a line ran on its own result, and which.
    """

    leaves: tuple[tuple[int, int], ...]
    way: tuple[Node, ...]
    large: tuple[float, Place, int] = (0.0, None, 0)
    repeats: tuple[int, Place] = (0, None)


def depths_of(root: Node) -> Depths:
    """Return how far the weights below a loss lie from it, by the shortest ways."""
    came_from: dict[int, Node | None] = {id(root): None}
    depth = {id(root): 0}
    farthest: dict[int, tuple[int, Node]] = {}
    queue = [root]
    for node in queue:
        here = depth[id(node)] + (node.operation in _COUNTED)
        for parent in node.parents:
            if parent.leaf:
                number = parent.leaf.bit_length() - 1
                if len(parent.shape) > 1 and number not in farthest and not node.operation.startswith("embedding"):
                    farthest[number] = (here, node)
            elif parent.live and id(parent) not in came_from and len(queue) < MOST_NODES:
                came_from[id(parent)], depth[id(parent)] = node, here
                queue.append(parent)
    found = sorted(((number, here) for number, (here, _) in farthest.items()), key=lambda one: -one[1])
    way: list[Node] = []
    step: Node | None = farthest[found[0][0]][1] if found else None
    while step is not None:
        way.append(step)
        step = came_from[id(step)]
    return Depths(tuple(found), tuple(way))


class Watch:
    """Remembers what was seen until parameters have names."""

    def __init__(self) -> None:
        self._looks: Counter[Site] = Counter()
        self._seen: dict[Site, Depths] = {}

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Look at a loss, if its backward call was not looked at before."""
        if self._looks[site] >= MOST_LOOKS or len(self._looks) > MOST_SITES:
            return
        self._looks[site] += 1
        found = depths_of(node)
        if found.leaves:
            nodes = list(node.graph())
            self._seen[site] = replace(found, large=_largest_gain(tracer, nodes), repeats=repeated(nodes))

    def step_ended(self, tracer: Tracer) -> None:
        """Tell of the losses of this step."""
        seen, self._seen = self._seen, {}
        for site, depths in seen.items():
            counted = [one for one in depths.way if one.operation in _COUNTED]
            if counted:
                tracer.deep.observe(_observation(tracer, site, depths, counted))


def _observation(tracer: Tracer, backward: Site, depths: Depths, counted: list[Node]) -> Observation:
    deep = tracer.deep
    squashes = [one for one in counted if one.operation in SQUASHES]
    place, here = Counter(one.place for one in squashes or counted).most_common(1)[0]
    gain, chosen = _smallest_gain(tracer, counted)
    related = [RelatedSite(backward, "backward")]
    if chosen is not None:
        related.insert(0, RelatedSite(deep.site(chosen), "set here"))
    if depths.large[1] is not None:
        related.insert(0, RelatedSite(deep.site(depths.large[1]), "set large here"))
    if depths.repeats[1] is not None:
        related.insert(0, RelatedSite(deep.site(depths.repeats[1]), "repeated here"))
    detail: dict[str, Detail] = {
        "depths": " ".join(str(depth) for _, depth in depths.leaves),
        "steps": len(counted),
        "here": here,
        "squashes": len(squashes),
        "squash": Counter(one.operation for one in squashes).most_common(1)[0][0] if squashes else "",
        "gain": gain,
        "constant": _constant(depths.way),
        "large_gain": depths.large[0],
        "uses": depths.large[2],
        "repeats": depths.repeats[0],
    }
    names = tuple(deep.name_of(number) for number, _ in depths.leaves)
    return Observation(WHAT, deep.site(place), tuple(related), names, detail, key=f"{backward.file}:{backward.line}")


def _smallest_gain(tracer: Tracer, way: list[Node]) -> tuple[float, Place]:
    """Return the smallest gain of a weight whose values the script chose, and where; 0.0 where there is none that is small."""
    found: list[tuple[float, Place]] = []
    for node in way:
        weights = [parent for parent in node.parents if parent.leaf and len(parent.shape) > 1]
        for parent in weights[-1:]:  # Of a cell it is the last, from state to state, that the way leads through.
            leaf = tracer.leaves.at(parent.leaf.bit_length() - 1)
            chosen = chosen_at(leaf)
            gain = leaf.scale * math.sqrt(_inputs(node, parent))
            if chosen is not None and 0 < gain < SMALL_GAIN:
                found.append((gain, chosen))
    return min(found, key=lambda one: one[0]) if found else (0.0, None)


def _largest_gain(tracer: Tracer, nodes: list[Node]) -> tuple[float, Place, int]:
    """Return the largest gain of a weight whose values the script chose, where, and how often it is used in one graph."""
    uses: Counter[int] = Counter()
    gains: dict[int, tuple[float, Place]] = {}
    for node in nodes:
        if node.operation not in _COUNTED:
            continue
        for parent in node.parents:
            if parent.leaf and len(parent.shape) > 1:
                number = parent.leaf.bit_length() - 1
                uses[number] += 1
                leaf = tracer.leaves.at(number)
                chosen = chosen_at(leaf)
                if chosen is not None and number not in gains:
                    gains[number] = (leaf.scale * math.sqrt(_inputs(node, parent)), chosen)
    if not gains:
        return 0.0, None, 0
    number = max(gains, key=lambda one: gains[one][0])
    return (*gains[number], uses[number])


def _inputs(node: Node, weight: Node) -> int:
    """Return how many inputs each output of a weight is made from."""
    if node.operation in TIMES and node.parents[0] is not weight:
        return weight.shape[-2]
    return math.prod(weight.shape[1:])


def chosen_at(leaf: Leaf) -> Place:
    """Return the line at which the script itself chose a leaf's values; None where a library's default did."""
    if not leaf.writes:
        return None if leaf.library else leaf.made
    newest = leaf.writes[-1].place
    return newest if newest != leaf.made else None  # Torch's layers fill what they have made.


def _constant(way: tuple[Node, ...]) -> float:
    """Return the product of the numbers that multiply on a way."""
    product = 1.0
    for node in way:
        numbers = [one for one in (node.constants or {}).values() if type(one) in (int, float)]
        if len(node.parents) != 1 or len(numbers) != 1 or not numbers[0]:
            continue
        if node.operation in TIMES:
            product *= abs(float(numbers[0]))
        elif node.operation in ("div", "div_", "__truediv__", "true_divide"):
            product /= abs(float(numbers[0]))
    return product


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = Watch()
    return Watcher(backward=state.backward, step_ended=state.step_ended)

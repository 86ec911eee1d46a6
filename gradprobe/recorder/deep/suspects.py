"""Operations that are a mistake only if what they made is backpropagated: noted when they run, told when a loss depends on them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.operations import PASS_THROUGH

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.tracer import Tracer
    from gradprobe.values import Observation, Site

MOST_SUSPECTS: Final = 256
"""Operations that are kept until a loss is backpropagated."""
MOST_NODES: Final = 20_000
"""Nodes of a loss that are looked through."""


class Lineage:
    """What a loss was made of, as far as its gradient flows back to it."""

    def __init__(self, root: Node) -> None:
        """Follow a loss back.

        Args:
            root: The loss.
        """
        self.root = root
        self._nodes = {id(root): root}
        self._children: dict[int, list[Node]] | None = None
        queue = [root]
        for node in queue:
            if len(queue) > MOST_NODES:
                break
            for parent in node.parents:
                if (parent.live or parent.leaf) and id(parent) not in self._nodes:
                    self._nodes[id(parent)] = parent
                    queue.append(parent)

    def __contains__(self, node: Node) -> bool:
        """Return whether the loss's gradient flows through a node."""
        return id(node) in self._nodes

    def __iter__(self) -> Iterator[Node]:
        """Yield the nodes, those near the loss first."""
        return iter(self._nodes.values())

    def children(self, node: Node) -> list[Node]:
        """Return what was made of a node on the way to the loss; views of a node without a gradient are passed over."""
        if self._children is None:
            self._children = {}
            for one in self._nodes.values():
                for key in {id(source) for parent in one.parents for source in sources(parent)}:
                    self._children.setdefault(key, []).append(one)
        return self._children.get(id(node), [])


def sources(node: Node) -> Iterator[Node]:
    """Yield a node, and where no gradient flows to it what it is a view of."""
    yield node
    while not node.live and node.operation in PASS_THROUGH and node.parents:
        node = node.parents[0]
        yield node


Judge: TypeAlias = "Callable[[Lineage, Site], Observation | None]"
"""Makes the observation when the loss is known: from its lineage and the line of `backward()`."""


@dataclass(slots=True)
class Suspect:
    """An operation.

    Attributes:
        node: What it made.
        step: The training step it ran in.
        judge: Makes the observation.
    """

    node: Node
    step: int
    judge: Judge


class Suspects:
    """The operations of the newest two steps that a watcher wants to hear of again. Holds no tensor."""

    def __init__(self) -> None:
        self._suspects: list[Suspect] = []

    def note(self, tracer: Tracer, node: Node, judge: Judge) -> None:
        """Note an operation.

        Args:
            tracer: Who saw it.
            node: What it made.
            judge: Makes the observation once a loss depends on it.
        """
        if len(self._suspects) < MOST_SUSPECTS:
            self._suspects.append(Suspect(node, tracer.step, judge))

    def backward(self, tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
        """Tell of those that a loss depends on."""
        if not self._suspects or root.grad_fn is None:
            return
        lineage = Lineage(node)
        for suspect in self._suspects:
            if suspect.node in lineage or lineage.children(suspect.node):
                observation = suspect.judge(lineage, site)
                if observation is not None:
                    tracer.deep.observe(observation)

    def step_ended(self, tracer: Tracer) -> None:
        """Forget those of the steps before this one."""
        self._suspects = [suspect for suspect in self._suspects if suspect.step >= tracer.step]


def names_in(tracer: Tracer, node: Node) -> tuple[str, ...]:
    """Return the names of the parameters that a node's gradient reaches."""
    return tuple(tracer.deep.name_of(bit) for bit in positions_of(node.live))

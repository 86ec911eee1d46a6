"""What is known of a tensor: the operation that made it, from what, and the parameters in it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import CodeType
from typing import Final, TypeAlias

import torch
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

Cuts: TypeAlias = Mapping[int, int]
"""For each cut, by its number, the parameters (bits) whose value came through it."""
Place: TypeAlias = "tuple[CodeType, int] | None"
"""A line of code, as a frame has it: cheap to take, turned into a `Site` only where it is needed."""

NO_CUTS: Final[Cuts] = {}
FROZEN: Final = 0
"""The number under which parameters that do not require a gradient are kept among the cuts."""


class Node:
    """A tensor as an operation made it. Holds no tensor.

    Attributes:
        operation: Name of the operation, `linear`; `parameter` for a leaf, `source` for data, `opaque` for what an
            operation made that was not seen.
        place: The user's line.
        parents: What it was made from, in the order of the arguments.
        live: Bits of the parameters that its gradient reaches.
        cuts: Bits of the parameters whose value came through a cut.
        leaf: Bit of the parameter that it is; 0 if it is none.
        dtype: Its dtype.
        shape: Its shape.
        requires_grad: Whether it required a gradient when it was made.
        step: The training step it was made in.
        sequence: Its number in the order of operations.
        writes: In-place writes to it: (sequence, operation, place, step), oldest first.
        constants: Scalar arguments of the operation by position or name, as far as they are numbers, booleans or words.
        certain: Whether all parents were found by identity.
        caller: The user's line that called the function in which `place` is.
    """

    __slots__ = (
        "__weakref__",
        "caller",
        "certain",
        "constants",
        "cuts",
        "dtype",
        "leaf",
        "live",
        "operation",
        "parents",
        "place",
        "requires_grad",
        "sequence",
        "shape",
        "step",
        "writes",
    )

    def __init__(
        self,
        operation: str,
        place: Place,
        parents: tuple[Node, ...],
        tensor: torch.Tensor | None,
        sequence: int,
        step: int,
    ) -> None:
        self.operation = operation
        self.place = place
        self.parents = parents
        self.live = 0
        self.cuts: Cuts = NO_CUTS
        self.leaf = 0
        self.dtype = None if tensor is None else tensor.dtype
        is_sized = tensor is not None and not isinstance(tensor, (UninitializedBuffer, UninitializedParameter))
        self.shape: tuple[int, ...] = tuple(tensor.shape) if tensor is not None and is_sized else ()
        self.requires_grad = tensor is not None and tensor.requires_grad
        self.step = step
        self.sequence = sequence
        self.writes: list[tuple[int, str, Place, int]] | None = None
        self.constants: dict[int | str, float | int | bool | str] | None = None
        self.certain = True
        self.caller: Place = None

    @property
    def places(self) -> tuple[tuple[CodeType, int], ...]:
        """The user's lines that made it, innermost first."""
        return tuple(place for place in (self.place, self.caller) if place is not None)

    @property
    def bits(self) -> int:
        """All parameters that influenced it, on whatever way."""
        found = self.live
        for cut in self.cuts.values():
            found |= cut
        return found

    def ancestors(self, limit: int = 20_000) -> Iterator[Node]:
        """Yield this node and what it was made from, nearest first, each once, at the most `limit`."""
        seen = {id(self)}
        queue: list[Node] = [self]
        for node in queue:
            yield node
            if len(queue) >= limit:
                continue
            for parent in node.parents:
                if id(parent) not in seen:
                    seen.add(id(parent))
                    queue.append(parent)

    def graph(self, limit: int = 20_000) -> Iterator[Node]:
        """Yield this node and those of its ancestors that a gradient would come to on the way from it, likewise."""
        seen = {id(self)}
        queue: list[Node] = [self]
        for node in queue:
            yield node
            if len(queue) >= limit:
                continue
            for parent in node.parents:
                if parent.live and id(parent) not in seen:
                    seen.add(id(parent))
                    queue.append(parent)

    def origin(self, through: frozenset[str]) -> Node:
        """Return the nearest ancestor along first parents whose operation is not one of `through`."""
        node = self
        while node.operation in through and node.parents:
            node = node.parents[0]
        return node


def cut_off(cuts: Cuts, number: int, live: int) -> Cuts:
    """Return the cuts of what a cut makes of a value: those of the value, and itself for all that was live.

    What was live to this cut and had also come through an earlier one is put to this one's account alone: without it, its
    gradient would come.

    Args:
        cuts: The value's cuts.
        number: The cut.
        live: The value's live bits.
    """
    left = {earlier: bits if earlier == FROZEN else bits & ~live for earlier, bits in cuts.items()}
    return merged({earlier: bits for earlier, bits in left.items() if bits}, {number: live})


def merged(cuts: Cuts, more: Cuts) -> Cuts:
    """Return both together; either itself where nothing is added."""
    if not more or more is cuts:
        return cuts
    if not cuts:
        return more
    result = dict(cuts)
    for number, bits in more.items():
        result[number] = result.get(number, 0) | bits
    return result


def positions_of(bits: int) -> list[int]:
    """Return the positions of the bits that are set, lowest first."""
    found = []
    while bits:
        lowest = bits & -bits
        found.append(lowest.bit_length() - 1)
        bits ^= lowest
    return found

"""Leaves of the graph: parameters and other tensors that may require a gradient, each with its bit and its history."""

from __future__ import annotations

import weakref
from typing import Final, NamedTuple

import torch

from gradprobe.recorder.deep.node import Place

MOST_WRITES: Final = 64
"""Writes to one leaf that are remembered, newest last."""


class Write(NamedTuple):
    """An in-place write to a leaf outside of its optimizer.

    Attributes:
        operation: Name of the operation, `copy_`, `lerp_`, `data`.
        place: The user's line.
        step: The training step.
        from_leaves: Bits of the parameters whose values were written.
    """

    operation: str
    place: Place
    step: int
    from_leaves: int


class Leaf:
    """What is known of a leaf. Holds no tensor.

    Attributes:
        number: Position of its bit.
        reference: The tensor.
        is_parameter: Whether it is an `nn.Parameter`.
        made: Where it was made, as far as that was seen.
        registered: Name within the module that registered it, and the module's class; None while no module has.
        registered_at: Where.
        initialised: Whether random numbers were written into it: it was not loaded or given.
        copied: Whether values of another tensor were written into it, or it was made of a tensor that was there before.
        frozen_at: Where it was last told not to require a gradient; None if it was not.
        frozen_by_user: Whether that was an explicit call or assignment, not a library's default.
        writes: Newest writes.
        position: Its position in the record, the last that was known; None while it has none.
        moved: Deep steps of its optimizer that changed it.
        written: Writes since its first backward.
        library: Whether a library's code made it, not the user's own.
        is_owned: Whether an optimizer was built with it.
        frozen_after_built: Whether it was told not to require a gradient after that.
        made_chain: The user's lines that made it, innermost first.
        used_chain: The user's lines that first used it, likewise.
        used_at: Where it was first used for something that a gradient comes back from.
        unmoved: Deep steps that did not although its gradient was not zero.
    """

    __slots__ = (
        "copied",
        "frozen_after_built",
        "frozen_at",
        "frozen_by_user",
        "initialised",
        "is_owned",
        "is_parameter",
        "library",
        "made",
        "made_chain",
        "moved",
        "number",
        "position",
        "reference",
        "registered",
        "registered_at",
        "unmoved",
        "used_at",
        "used_chain",
        "writes",
        "written",
    )

    def __init__(self, number: int, tensor: torch.Tensor, made: Place) -> None:
        self.number = number
        self.reference = weakref.ref(tensor)
        self.is_parameter = isinstance(tensor, torch.nn.Parameter)
        self.made = made
        self.registered: tuple[str, str] | None = None
        self.registered_at: Place = None
        self.initialised = False
        self.copied = False
        self.frozen_at: Place = None
        self.frozen_by_user = False
        self.writes: list[Write] = []
        self.position: int | None = None
        self.moved = 0
        self.unmoved = 0
        self.used_at: Place = None
        self.made_chain: tuple[Place, ...] = ()
        self.used_chain: tuple[Place, ...] = ()
        self.library = False
        self.is_owned = False
        self.frozen_after_built = False
        self.written = 0

    def note_write(self, write: Write, *, trains: bool) -> None:
        """Remember a write.

        Args:
            write: The write.
            trains: Whether training has begun.
        """
        if len(self.writes) >= MOST_WRITES:
            del self.writes[1]  # The first stays: it tells how the values came to be.
        self.written += trains
        self.writes.append(write)


class Leaves:
    """Gives leaves their bits, in the order in which they are met."""

    def __init__(self) -> None:
        self._all: list[Leaf] = []
        self._by_id: dict[int, Leaf] = {}

    def __len__(self) -> int:
        """Return how many there were."""
        return len(self._all)

    def of(self, tensor: torch.Tensor, made: Place = None) -> Leaf:
        """Return the leaf that a tensor is, a new one where it was not met before."""
        leaf = self._by_id.get(id(tensor))
        if leaf is None or leaf.reference() is not tensor:
            leaf = Leaf(len(self._all), tensor, made)
            self._all.append(leaf)
            self._by_id[id(tensor)] = leaf
        return leaf

    def known(self, tensor: torch.Tensor) -> Leaf | None:
        """Return the leaf that a tensor is, None where it was not met before."""
        leaf = self._by_id.get(id(tensor))
        return leaf if leaf is not None and leaf.reference() is tensor else None

    def at(self, number: int) -> Leaf:
        """Return the leaf of a bit's position."""
        return self._all[number]

    def alive(self) -> list[tuple[Leaf, torch.Tensor]]:
        """Return the leaves whose tensors are alive, with these."""
        found = ((leaf, leaf.reference()) for leaf in self._all)
        return [(leaf, tensor) for leaf, tensor in found if tensor is not None]

"""Leaves of the graph: parameters and other tensors that may require a gradient, each with its bit and its history."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Final, NamedTuple

import torch

from gradprobe.recorder.deep.node import Place

MOST_WRITES: Final = 64
"""Writes to one leaf that are remembered, newest last."""
MOST_LEAVES: Final = 65_536
"""Leaves that are told apart."""
MOST_LATE: Final = 8192
"""Those among them that are met after the first steps: copies of a model, and inputs, that are made anew in every step."""


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


def _nothing() -> None:
    """Stand for a reference to a tensor that is gone."""


class Leaf:
    """What is known of a leaf. Holds no tensor.

    Attributes:
        number: Position of its bit.
        reference: The tensor.
        is_parameter: Whether it is an `nn.Parameter`.
        made: Where it was made, as far as that was seen.
        registered: Name within the module that registered it, and the module's class; None while no module has.
        registered_at: Where.
        of_torch: Whether that module is one of torch's own layers, which makes its parameters itself.
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
        dtype_given_at: The line that handed its half-precision dtype down to the functions that made it; None where none was.
        used_at: Where it was first used for something that a gradient comes back from.
        unmoved: Deep steps that did not although its gradient was not zero.
        scale: Root mean square of its values when last measured; -1 while it has not been (`scales.py`).
    """

    __slots__ = (
        "copied",
        "dtype_given_at",
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
        "of_torch",
        "position",
        "reference",
        "registered",
        "registered_at",
        "scale",
        "unmoved",
        "used_at",
        "used_chain",
        "writes",
        "written",
    )

    def __init__(self, number: int, tensor: torch.Tensor | None, made: Place) -> None:
        self.number = number
        self.reference: Callable[[], torch.Tensor | None] = _nothing if tensor is None else weakref.ref(tensor)
        self.is_parameter = isinstance(tensor, torch.nn.Parameter)
        self.made = made
        self.dtype_given_at: Place = None
        self.registered: tuple[str, str] | None = None
        self.registered_at: Place = None
        self.initialised = False
        self.of_torch = False
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
        self.scale = -1.0

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
    """Gives leaves their bits, in the order in which they are met; those beyond a limit share one, of which nothing is told.

    Without a limit, a script that copies its model in every step would make sets of leaves that grow from step to step.

    Attributes:
        compiled_kinds: Names of the kinds of autograd nodes at which something is noted of a compiled graph.
    """

    def __init__(self) -> None:
        self._all: list[Leaf] = []
        self._by_id: dict[int, Leaf] = {}
        self._standing_in: dict[int, tuple[Callable[[], torch.Tensor | None], Leaf]] = {}
        self._limit = MOST_LEAVES
        self._is_settled = False
        self.compiled_kinds: set[str] = set()

    def __len__(self) -> int:
        """Return how many there were."""
        return len(self._all)

    def of(self, tensor: torch.Tensor, made: Place = None) -> Leaf:
        """Return the leaf that a tensor is, a new one where it was not met before."""
        leaf = self._by_id.get(id(tensor))
        if leaf is None or leaf.reference() is not tensor:
            stands_for = self._stands_for(tensor)
            if stands_for is not None:
                return stands_for
            leaf = Leaf(min(len(self._all), self._limit), tensor, made)
            if leaf.number < self._limit:
                self._all.append(leaf)
                self._by_id[id(tensor)] = leaf
        return leaf

    def settle(self) -> None:
        """Note that the first steps are over: from now on, `MOST_LATE` more leaves are told apart."""
        if not self._is_settled:
            self._is_settled = True
            self._limit = min(self._limit, len(self._all) + MOST_LATE)

    def is_shared(self, number: int) -> bool:
        """Return whether the bit at a position is that of all the leaves beyond the limit."""
        return number >= self._limit

    def known(self, tensor: torch.Tensor) -> Leaf | None:
        """Return the leaf that a tensor is, None where it was not met before."""
        leaf = self._by_id.get(id(tensor))
        return leaf if leaf is not None and leaf.reference() is tensor else self._stands_for(tensor)

    def stand_in(self, tensor: torch.Tensor, parameter: torch.Tensor) -> None:
        """Take a tensor for another one from now on, whose gradient its own will become."""
        met = self._by_id.pop(id(tensor), None)
        if met is not None and met.reference() is tensor:
            met.reference = _nothing
        self._standing_in[id(tensor)] = weakref.ref(tensor), self.of(parameter)

    def _stands_for(self, tensor: torch.Tensor) -> Leaf | None:
        reference, leaf = self._standing_in.get(id(tensor), (_nothing, None))
        return leaf if reference() is tensor else None

    def at(self, number: int) -> Leaf:
        """Return the leaf of a bit's position; one without a tensor where many share it."""
        return self._all[number] if number < len(self._all) else Leaf(number, None, None)

    def alive(self) -> list[tuple[Leaf, torch.Tensor]]:
        """Return the leaves whose tensors are alive, with these."""
        found = ((leaf, leaf.reference()) for leaf in self._all)
        return [(leaf, tensor) for leaf, tensor in found if tensor is not None]

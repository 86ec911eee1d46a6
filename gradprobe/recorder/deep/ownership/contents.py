"""Where the values of a parameter came from: random numbers, constants, a file, another parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.deep.node import Node

MOST_ANCESTORS: Final = 64
"""Operations that are looked back over."""
_CONSTANTS: Final = frozenset(
    {
        *("zeros", "ones", "full", "eye", "arange", "linspace", "zeros_like", "ones_like", "full_like", "tensor"),
        *("new_zeros", "new_ones", "new_full", "scalar_tensor", "logspace", "zero_", "fill_", "ones_"),
    }
)
_CONSTANT_FILLS: Final = frozenset({"zero_", "fill_", "constant_", "ones_", "zeros_", "eye_", "dirac_"})
_WHOLE_WRITES: Final = frozenset({"copy_", "data", ".data", "set_", "__setitem__", "_foreach_copy_", "lerp_"})
OVERWRITES: Final = frozenset({"copy_", "data", ".data", "set_", "lerp_", "_foreach_copy_", "_foreach_lerp_"})
"""Operations that put other values in a parameter's place."""


def is_random(name: str) -> bool:
    """Return whether an operation of this name makes random numbers."""
    plain = name.removeprefix(".data.").strip("_")
    return plain.startswith(("rand", "normal", "bernoulli", "multinomial")) or plain.endswith(
        ("uniform", "normal", "exponential", "cauchy", "orthogonal", "sparse", "geometric", "random")
    )


def contents_of(node: Node, own: int = 0) -> tuple[str, int]:
    """Return where a value came from, and the bits of the leaves that it was copied from.

    Args:
        node: The value.
        own: Bit of the leaf that it is to be the contents of, which does not count.
    """
    bits = (node.bits | node.leaf) & ~own
    if bits:
        return "copied", bits
    constant = False
    for one, _ in zip(node.ancestors(), range(MOST_ANCESTORS), strict=False):
        if is_random(one.operation) or any(is_random(name) for _, name, _, _ in one.writes or ()):
            return "random", 0
        constant = constant or one.operation in _CONSTANTS
    return ("constant" if constant else "loaded"), 0


def contents_after(name: str, sources: Sequence[Node | None], own: int) -> tuple[str, int] | None:
    """Return where a leaf's values come from after a write to it; None where they are what they were, or made from those.

    Args:
        name: Name of the operation.
        sources: What was written.
        own: The leaf's bit.
    """
    name = name.removeprefix(".data.")
    if is_random(name):
        return "random", 0
    if name in _CONSTANT_FILLS:
        return "constant", 0
    if name not in _WHOLE_WRITES or not sources or sources[0] is None:
        return None
    source = sources[0]
    if (source.bits | source.leaf) & own:
        return None
    found = contents_of(source, own)
    return found if name != "__setitem__" or found[0] == "loaded" else None


def is_of_now(sources: Sequence[Node | None], own: int, step: int) -> bool:
    """Return whether a value was made in this step from the present values of the leaf that it is written to: a projection."""
    for source in sources:
        if source is None or (source.bits | source.leaf) != own:
            return False
        for one, _ in zip(source.ancestors(), range(MOST_ANCESTORS), strict=False):
            if not one.leaf and one.step < step:
                return False
    return True

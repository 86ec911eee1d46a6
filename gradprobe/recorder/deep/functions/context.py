"""What stands in for the `ctx` of a custom function that is run again, outside of autograd."""

from __future__ import annotations

from typing import Any


class Context:
    """Takes what `forward` stores and gives it to `backward`; whatever else is asked of it raises AttributeError.

    Attributes:
        needs_input_grad: For each argument, whether a gradient is wanted.
        saved_tensors: What was saved for backward.
        outputs: What forward returned.
        non_differentiable: Identities of outputs that were marked so.
    """

    def __init__(self, needs_input_grad: tuple[bool, ...]) -> None:
        self.needs_input_grad = needs_input_grad
        self.saved_tensors: tuple[Any, ...] = ()
        self.outputs: tuple[Any, ...] = ()
        self.non_differentiable: frozenset[int] = frozenset()

    def save_for_backward(self, *tensors: Any) -> None:
        """Keep tensors."""
        self.saved_tensors = tensors

    def save_for_forward(self, *tensors: Any) -> None:
        """Do nothing: forward-mode derivatives are not looked at."""

    def mark_non_differentiable(self, *outputs: Any) -> None:
        """Note outputs that have no gradient."""
        self.non_differentiable = frozenset(map(id, outputs))

    def mark_dirty(self, *_: Any) -> None:
        """Do nothing: arguments are copies."""

    def set_materialize_grads(self, value: bool) -> None:
        """Do nothing: every output gets a gradient."""

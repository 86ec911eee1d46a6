"""Watchers: who wants to see which operation in a deep step.

A watcher is a value with functions; it reads what it is shown, never writes to a tensor, draws no random number, and
notes what it saw with `Deep.observe`. One file each in `watchers/`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Seen, Tracer
    from gradprobe.values import Site


@dataclass(frozen=True, slots=True)
class Watcher:
    """Functions that are called around operations.

    Attributes:
        operations: Names of the operations; `*` for all of them, after they have run.
        before: Called before one runs.
        after: Called after one has run, with its node.
        failed: Called when one raised.
        backward: Called with each loss (tensor, node, the user's line) that is about to be backpropagated.
        step_ended: Called when a deep step has ended.
        function: Called after a custom `torch.autograd.Function` was applied: its class, arguments, result and node.
    """

    operations: frozenset[str] = frozenset()
    before: Callable[[Tracer, Seen], None] | None = None
    after: Callable[[Tracer, Seen], None] | None = None
    failed: Callable[[Tracer, Seen, BaseException], None] | None = None
    backward: Callable[[Tracer, torch.Tensor, Node, Site], None] | None = None
    step_ended: Callable[[Tracer], None] | None = None
    function: Callable[[Tracer, type, tuple[Any, ...], Any, Node], None] | None = None

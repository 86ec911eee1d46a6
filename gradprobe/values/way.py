"""The way of the gradient from a loss back to the parameters, and where it ends."""

from __future__ import annotations

from dataclasses import dataclass

from gradprobe.values.site import Site


@dataclass(frozen=True, slots=True)
class Barrier:
    """A place on the way where the gradient of some modules ends.

    Attributes:
        kind: What ends it, as in `GradCut`: `no_grad`, `detach`, `item`, …
        operation: Name of the operation, `argmax`.
        site: The line to edit.
        at: Where the first operation ran whose gradient ended here.
        modules: The modules behind it, the largest that are whole.
        parameters: How many parameter tensors are behind it, and reached on no other way.
    """

    kind: str
    operation: str
    site: Site
    at: Site
    modules: tuple[str, ...]
    parameters: int


@dataclass(frozen=True, slots=True)
class Way:
    """What the gradient of one loss reaches, as deep steps saw it.

    Attributes:
        loss: Name of the loss, as in the metrics.
        site: Where `backward()` was called.
        reached: The modules that it reaches, the largest that are whole.
        parameters: How many parameter tensors it reaches.
        barriers: Where it ends, and what is behind.
        frozen: Modules that the loss depends on and that do not require a gradient.
        has_graph: Whether the loss had a graph at all, when last seen.
    """

    loss: str
    site: Site
    reached: tuple[str, ...]
    parameters: int
    barriers: tuple[Barrier, ...] = ()
    frozen: tuple[str, ...] = ()
    has_graph: bool = True

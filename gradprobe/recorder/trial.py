"""One backward on trial: what gradient each parameter gets from a loss, and where the way of those ends that get none.

The model is left as it was: gradients, buffers, modes and random numbers.
"""

from __future__ import annotations

import contextlib
import random
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from gradprobe import _active
from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.node import FROZEN
from gradprobe.recorder.deep.reach import cut_values
from gradprobe.recorder.guard import Unseen

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder
    from gradprobe.values import GradCut


class Got(Enum):
    """What a parameter got from a backward."""

    GRADIENT = "a gradient"
    NONE = "no gradient"
    ZERO = "a gradient of zero"
    NON_FINITE = "a gradient that is not finite"


@dataclass(frozen=True, slots=True)
class Trial:
    """What one backward gave.

    Attributes:
        got: For each trainable parameter, by its name in the model, what it got.
        cuts: Lines at which the way of a gradient ends, with the names of the parameters whose values came to the loss
            through them.
        has_graph: Whether the loss had a graph at all.
        was_followed: Whether the making of the loss was followed; else nothing is known of cuts.
    """

    got: dict[str, Got]
    cuts: tuple[tuple[GradCut, frozenset[str]], ...]
    has_graph: bool
    was_followed: bool


def one_backward(
    model: torch.nn.Module, loss: torch.Tensor | Callable[[], torch.Tensor], user_roots: tuple[Path, ...] = ()
) -> Trial:
    """Run one backward, and leave everything as it was.

    Args:
        model: Whose parameters are asked for.
        loss: The loss; or what makes it, and then the way from the parameters to it is followed.
        user_roots: Directories whose code is the user's although it may be installed where libraries are.

    Raises:
        TypeError: If the loss, or what is called for it, is no tensor.
    """
    if isinstance(loss, torch.Tensor):
        with _gradients_kept(model, loss):
            _backward(loss, keeps_graph=True)
            return Trial(_got(model), (), loss.requires_grad, was_followed=False)
    from gradprobe.watching import Watch, alone

    trial: Trial | None = None
    with (
        tempfile.TemporaryDirectory(prefix="gradprobe-") as folder,
        _model_kept(model),
        alone(),
        Watch(folder, name="assert_gradients_flow", user_roots=user_roots),
    ):
        trial = _followed(model, loss)
    assert trial is not None  # A watch swallows nothing where no number of steps ends it.
    return trial


def _followed(model: torch.nn.Module, loss: Callable[[], torch.Tensor]) -> Trial:
    recorder = _active.recorder
    value = loss()
    if not isinstance(value, torch.Tensor):
        raise TypeError(f"expected a callable that returns the loss, a tensor, found {type(value).__name__}")
    with _gradients_kept(model, value):
        _backward(value, keeps_graph=False)
        if recorder is None or not recorder.guard.active:
            return Trial(_got(model), (), value.requires_grad, was_followed=False)
        with torch._C.DisableTorchFunction(), Unseen():
            return Trial(_got(model), _cuts(recorder, model), value.requires_grad, was_followed=True)


def _backward(loss: torch.Tensor, *, keeps_graph: bool) -> None:
    try:
        loss.backward(retain_graph=keeps_graph)
    except RuntimeError:
        if loss.requires_grad:  # Without a graph there is nothing to run, and that is the answer.
            raise


def _got(model: torch.nn.Module) -> dict[str, Got]:
    return {name: _looked_at(one.grad) for name, one in model.named_parameters() if one.requires_grad}


def _looked_at(gradient: torch.Tensor | None) -> Got:
    if gradient is None:
        return Got.NONE
    values = gradient.coalesce().values() if gradient.is_sparse else gradient
    if not bool(values.isfinite().all()):
        return Got.NON_FINITE
    return Got.GRADIENT if bool(values.any()) else Got.ZERO


def _cuts(recorder: Recorder, model: torch.nn.Module) -> tuple[tuple[GradCut, frozenset[str]], ...]:
    """Return the cuts on the way to the loss, with the names in the model of what is behind them."""
    deep = recorder.deep
    parameters = list(model.named_parameters())
    places = {id(one): place for place, (_, one) in enumerate(parameters)}

    def place_of(bit: int) -> int | None:
        leaf = deep.tracer.leaves.at(bit).reference()
        return None if leaf is None else places.get(id(leaf))

    behind: dict[int, set[str]] = {}
    for reach in deep.reaches:
        for number, positions in reach.value(deep.tracer.handed_over, place_of).cut.items():
            behind.setdefault(number, set()).update(parameters[place][0] for place in positions)
    cuts = cut_values(deep.tracer, set(behind) - {FROZEN}, deep.site)
    return tuple((cut, frozenset(behind[cut.number])) for cut in cuts)


@contextlib.contextmanager
def _gradients_kept(model: torch.nn.Module, loss: torch.Tensor) -> Iterator[None]:
    """Let a backward put its gradients where none are, and put back those that were there, of every leaf it reaches.

    What the user has hung on the accumulation of gradients, an optimizer's step for instance, is left out meanwhile.
    """
    node = graph.grad_fn_of(loss)
    leaves = [*model.parameters(), *(() if node is None else graph.leaves_of(node))]
    kept = {id(leaf): (leaf, leaf.grad) for leaf in leaves}
    hooks = [(hung, list(hung.items())) for leaf, _ in kept.values() if (hung := _hung_on(leaf))]
    for leaf, _ in kept.values():
        leaf.grad = None
    for hung, _ in hooks:
        hung.clear()
    try:
        yield
    finally:
        for leaf, gradient in kept.values():
            leaf.grad = gradient
        for hung, items in hooks:
            hung.update(items)


def _hung_on(leaf: torch.Tensor) -> dict[int, Any] | None:
    hooks: dict[int, Any] | None = getattr(leaf, "_post_accumulate_grad_hooks", None)
    return hooks


@contextlib.contextmanager
def _model_kept(model: torch.nn.Module) -> Iterator[None]:
    """Put back what a forward changes: buffers, modes, and the state of the random numbers."""
    buffers = [(one, one.detach().clone()) for one in model.buffers() if not _is_lazy(one)]
    modes = [(module, module.training) for module in model.modules()]
    devices = sorted({one.device.index or 0 for one in model.parameters() if one.device.type == "cuda"})
    python, numpy = random.getstate(), np.random.get_state()
    with torch.random.fork_rng(devices):
        try:
            yield
        finally:
            random.setstate(python)
            np.random.set_state(numpy)
            for module, training in modes:
                module.training = training
            with torch.no_grad():
                for buffer, before in buffers:
                    buffer.copy_(before)


def _is_lazy(buffer: torch.Tensor) -> bool:
    lazy = sys.modules.get("torch.nn.parameter")
    return isinstance(buffer, getattr(lazy, "UninitializedTensorMixin", ()))

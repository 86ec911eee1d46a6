"""Does every parameter of a model get a gradient? Asserted by one backward."""

from __future__ import annotations

import sys
from collections.abc import Callable, Collection, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe.policy.match import covers

if TYPE_CHECKING:
    import torch


def assert_gradients_flow(
    model: torch.nn.Module, loss: torch.Tensor | Callable[[], torch.Tensor], *, allow: Collection[str] = ()
) -> None:
    """Assert that every trainable parameter of a model gets a gradient from one backward: there, finite, not all zero.

        assert_gradients_flow(model, lambda: criterion(model(inputs), targets))

    Given what makes the loss, the failure names the line at which the gradient ends. Given the loss itself, whose making was
    not seen, it names the parameters. Either way model and loss are left as they were: gradients that were there, buffers,
    train and eval mode, the state of the random numbers; a loss that was given can still be backpropagated.

    Args:
        model: The model.
        loss: A callable that makes the loss, a scalar; or the loss.
        allow: Patterns of parameters, or of modules that hold them, that need no gradient: `("head.*",)`, `("pooler",)`.

    Raises:
        GradientFailure: If a trainable parameter gets no gradient, one that is all zero, or one that is not finite. An
            `AssertionError`.
        TypeError: If `model` is no module, or `loss` neither a tensor nor a callable that returns one.
        ValueError: If the model has no trainable parameter, or a pattern of `allow` means none.
    """
    __tracebackhide__ = True
    caller = Path(sys._getframe(1).f_code.co_filename)
    check_flow(model, loss, allow, (caller.parent,))


def check_flow(
    model: torch.nn.Module,
    loss: torch.Tensor | Callable[[], torch.Tensor],
    allow: Collection[str],
    user_roots: Iterable[Path],
) -> None:
    """Assert it, as `assert_gradients_flow` does.

    Args:
        model: The model.
        loss: A callable that makes the loss, or the loss.
        allow: Patterns of what needs no gradient.
        user_roots: Directories whose code is the user's although it may be installed where libraries are.

    Raises:
        GradientFailure: If a gradient is missing, zero or not finite.
        TypeError: If `model` or `loss` is something else.
        ValueError: If there is nothing to ask for.
    """
    __tracebackhide__ = True
    _expect_arguments(model, loss)
    from gradprobe.recorder.trial import Got, one_backward
    from gradprobe.testing.flow_text import flow_failure

    trial = one_backward(model, loss, tuple(user_roots))
    kind = type(model).__name__
    _expect_parameters(kind, trial.got, allow)
    missed = {
        name: got
        for name, got in trial.got.items()
        if got is not Got.GRADIENT and not any(covers(pattern, name) for pattern in allow)
    }
    if missed:
        raise flow_failure(kind, trial, missed)


def _expect_arguments(model: object, loss: object) -> None:
    if not callable(getattr(model, "named_parameters", None)):
        raise TypeError(f"expected a model, a torch.nn.Module, found {type(model).__name__}")
    if not callable(loss) and not callable(getattr(loss, "backward", None)):
        raise TypeError(f"expected a loss, a tensor or a callable that makes it, found {type(loss).__name__}")


def _expect_parameters(kind: str, names: Iterable[str], allow: Collection[str]) -> None:
    """Raise where nothing is asked for, or an allowance is stale."""
    known = list(names)
    if not known:
        raise ValueError(f"expected a model that trains, found no parameter of {kind} that requires a gradient")
    for pattern in allow:
        if not any(covers(pattern, name) for name in known):
            raise ValueError(
                f"expected patterns of trainable parameters of {kind} in allow, found {pattern!r}, which means none; it has "
                f"{', '.join(known[:6])}{', …' if len(known) > 6 else ''}"
            )

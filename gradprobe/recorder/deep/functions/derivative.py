"""Whether what a custom function's backward gives is the derivative of its forward, by differences in double precision.

In each of a few trials, an argument is moved a little in a direction drawn at random, and the change of the outputs, weighed at
random, is compared with what backward gives for these weights. Derivatives that are other than the true one on purpose are
recognised by what they are: of a forward that is the identity, or flat (rounding, signs, indices); or made to depend on the
incoming gradient (clipping), or on an argument that forward does not use.
"""

from __future__ import annotations

import copy
import math
import time
from dataclasses import dataclass
from typing import Any, Final

import torch

from gradprobe.recorder.deep.functions.calls import Call, has_setup
from gradprobe.recorder.deep.functions.context import Context

TRIALS: Final = 4
STEP: Final = 1e-5
"""How far an argument is moved, relative to its elements."""
RELIABLE: Final = 0.01
"""Relative difference between differences over one and over two steps up to which they are believed."""
WRONG: Final = 0.05
"""Relative difference, over all trials, from which a derivative is wrong: what is approximated on purpose is closer."""
FLAT: Final = 1e-9
"""Share of the other at which a derivative is zero."""
SLOW: Final = 0.05
"""Seconds for two forwards from which a function is left alone."""
SAMPLED: Final = 12
"""Elements of an argument that are looked at one by one."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """An argument for which backward gives something else than the derivative.

    Attributes:
        position: Which argument.
        ratio: What it gives, divided by the derivative, where that is the same in all trials; None where it is not.
        given: What it gives, in the trial that was the plainest.
        measured: The derivative there.
    """

    position: int
    ratio: float | None
    given: float
    measured: float


class Unsuitable(Exception):
    """The function cannot be judged."""


def mismatch(call: Call) -> Mismatch | None:
    """Return the first argument for which backward is wrong; None where it is right, meant, or cannot be judged.

    Runs the function's forward and backward some dozens of times on copies, without a graph. Whatever they raise is raised.
    """
    draw = torch.Generator().manual_seed(0)
    began = time.perf_counter()
    outputs, context = _forward(call, call.arguments)
    if not outputs or not _is_same(outputs, _forward(call, call.arguments)[0]):
        return None
    if time.perf_counter() - began > SLOW:
        return None
    weights = [torch.randn(one.shape, generator=draw, dtype=torch.float64) for one in outputs]
    given = _backward(call, context, weights)
    if _is_identity(call, outputs) or _is_passed_on(weights, given) or not _is_linear(call, weights, given):
        return None
    if _has_knob(call, outputs, weights, given):
        return None
    wrong = []
    for position, wanted in enumerate(call.wanted):
        if wanted and isinstance(call.arguments[position], torch.Tensor) and given[position] is not None:
            try:
                found = _at(call, position, draw)
            except Unsuitable:
                return None  # What is meant for one argument may be meant for all.
            wrong += [] if found is None else [found]
    return wrong[0] if wrong else None


def _at(call: Call, position: int, draw: torch.Generator) -> Mismatch | None:
    """Return whether backward is wrong for one argument.

    Raises:
        Unsuitable: If forward is flat there, in whole or in a part, or its differences cannot be believed.
    """
    argument = call.arguments[position]
    pairs = []
    for _ in range(TRIALS):
        outputs, context = _forward(call, call.arguments)
        weights = [torch.randn(one.shape, generator=draw, dtype=torch.float64) for one in outputs]
        direction = _direction(argument, draw)
        gradient = _backward(call, context, weights)[position]
        if gradient is None or gradient.shape != argument.shape:
            raise Unsuitable
        measured = _difference(call, position, direction, weights)
        pairs.append((float((gradient.double() * direction).sum()), measured))
    off = math.hypot(*(given - measured for given, measured in pairs))
    if off <= WRONG * max(math.hypot(*(given for given, _ in pairs)), math.hypot(*(measured for _, measured in pairs))):
        return None
    _expect_meant(call, position, draw)
    ratios = [given / measured for given, measured in pairs if measured]
    same = len(ratios) == TRIALS and max(ratios) - min(ratios) <= 0.01 * abs(ratios[0])
    given, measured = max(pairs, key=lambda pair: _off(*pair))
    return Mismatch(position, ratios[0] if same else None, given, measured)


def _expect_meant(call: Call, position: int, draw: torch.Generator) -> None:
    """Look at single elements of an argument for which backward is wrong.

    Raises:
        Unsuitable: If forward does not change with an element that is given a gradient, or backward gives none where it
            does: a straight-through estimator, a mask.
    """
    argument = call.arguments[position]
    count = argument.numel()
    chosen = torch.randperm(count, generator=draw)[:SAMPLED].tolist()
    outputs, context = _forward(call, call.arguments)
    weights = [torch.randn(one.shape, generator=draw, dtype=torch.float64) for one in outputs]
    for alone in range(len(outputs) if len(outputs) > 1 else 0):
        only = [weight if number == alone else torch.zeros_like(weight) for number, weight in enumerate(weights)]
        _, context = _forward(call, call.arguments)
        gradient = _backward(call, context, only)[position].double()
        direction = _direction(argument, draw)
        if float(gradient.abs().max()) > 0 and _difference(call, position, direction, only) == 0.0:
            raise Unsuitable  # An output that does not change is given a gradient: a spike beside its membrane's potential.
    _, context = _forward(call, call.arguments)
    gradient = _backward(call, context, weights)[position].double().reshape(-1)
    for index in chosen:
        direction = torch.zeros(count, dtype=torch.float64)
        direction[index] = max(abs(float(argument.reshape(-1)[index])), 1e-3)
        try:
            measured = _difference(call, position, direction.view(argument.shape), weights)
        except Unsuitable:
            continue
        given = float(gradient[index] * direction[index])
        largest = max(abs(given), abs(measured))
        if largest > 0 and min(abs(given), abs(measured)) <= FLAT * largest:
            raise Unsuitable


def _difference(call: Call, position: int, direction: torch.Tensor, weights: list[torch.Tensor]) -> float:
    """Return the derivative of the weighed outputs along a direction of one argument.

    Raises:
        Unsuitable: If it is not finite, or depends on how far the argument is moved.
    """
    near, far = (_central(call, position, direction, weights, step) for step in (STEP, 2 * STEP))
    largest = max(abs(near), abs(far))
    if not torch.isfinite(torch.tensor([near, far])).all() or abs(near - far) > RELIABLE * largest:
        raise Unsuitable
    return near


def _central(call: Call, position: int, direction: torch.Tensor, weights: list[torch.Tensor], step: float) -> float:
    values = []
    for sign in (1, -1):
        arguments = list(call.arguments)
        arguments[position] = call.arguments[position] + sign * step * direction
        outputs, _ = _forward(call, tuple(arguments))
        if [one.shape for one in outputs] != [one.shape for one in weights]:
            raise Unsuitable
        values.append([output.double() * weight for output, weight in zip(outputs, weights, strict=True)])
    # Differences first, sums then: the outputs may be much larger than what changes.
    return sum(float((after - before).sum()) for after, before in zip(*values, strict=True)) / (2 * step)


def _direction(argument: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """Return a direction that leaves zeros where they are, which may be corners (of a ReLU) or bounds (of probabilities)."""
    direction = torch.randn(argument.shape, generator=draw, dtype=torch.float64)
    return direction * argument if bool((argument != 0).any()) else direction * 1e-3


def _off(given: float, measured: float) -> float:
    largest = max(abs(given), abs(measured))
    return abs(given - measured) / largest if largest else 0.0


# What is other on purpose


def _is_identity(call: Call, outputs: list[torch.Tensor]) -> bool:
    """Return whether an output is one of the arguments, in whatever shape."""
    inputs = [one.reshape(-1) for one in call.arguments if isinstance(one, torch.Tensor)]
    return any(
        one.numel() == other.numel() and bool((one.reshape(-1) == other).all()) for one in outputs for other in inputs
    )


def _is_passed_on(weights: list[torch.Tensor], given: tuple[Any, ...]) -> bool:
    """Return whether backward hands on the gradient that came in, perhaps times a number: a straight-through estimator."""
    for one in given:
        for weight in weights:
            if isinstance(one, torch.Tensor) and one.shape == weight.shape and weight.numel() > 1:
                factor = one.double() / weight
                if bool((factor - factor.mean()).abs().max() <= 1e-6 * factor.abs().max()):
                    return True
    return False


def _is_linear(call: Call, weights: list[torch.Tensor], given: tuple[Any, ...]) -> bool:
    """Return whether backward is linear in the gradient that comes in, as every derivative is."""
    for factor in (-1.0, 1024.0, 1 / 1024):
        _, context = _forward(call, call.arguments)
        scaled = _backward(call, context, [factor * one for one in weights])
        for one, other in zip(given, scaled, strict=True):
            if isinstance(one, torch.Tensor) and not _is_close(factor * one, other):
                return False
    return True


def _has_knob(call: Call, outputs: list[torch.Tensor], weights: list[torch.Tensor], given: tuple[Any, ...]) -> bool:
    """Return whether an argument without a gradient changes backward and not forward: it is there to make it another one."""
    for position, value in enumerate(call.arguments):
        is_number = isinstance(value, float) or (
            isinstance(value, torch.Tensor) and value.is_floating_point() and not call.wanted[position]
        )
        if not is_number:
            continue
        arguments = list(call.arguments)
        arguments[position] = 1.25 * value + 0.125
        after, context = _forward(call, tuple(arguments))
        if not _is_same(outputs, after):
            continue
        changed = _backward(call, context, weights)
        if any(
            isinstance(one, torch.Tensor) and not _is_close(one, other)
            for one, other in zip(given, changed, strict=True)
        ):
            return True
    return False


def _is_close(one: torch.Tensor, other: Any) -> bool:
    return (
        isinstance(other, torch.Tensor) and one.shape == other.shape and torch.allclose(one, other, rtol=1e-6, atol=0.0)
    )


def _is_same(some: list[torch.Tensor], others: list[torch.Tensor]) -> bool:
    return len(some) == len(others) and all(torch.equal(one, other) for one, other in zip(some, others, strict=True))


# Running it


def _forward(call: Call, arguments: tuple[Any, ...]) -> tuple[list[torch.Tensor], Context]:
    """Run forward on copies; return the outputs that have gradients."""
    copies = tuple(one.clone() if isinstance(one, torch.Tensor) else copy.deepcopy(one) for one in arguments)
    context = Context(call.wanted)
    if has_setup(call.function):
        result = call.function.forward(*copies)
        call.function.setup_context(context, copies, result)
    else:
        result = call.function.forward(context, *copies)
    context.outputs = result if isinstance(result, tuple) else (result,)
    return [one for one in context.outputs if _has_gradient(one, context)], context


def _has_gradient(output: Any, context: Context) -> bool:
    is_value = isinstance(output, torch.Tensor) and output.is_floating_point()
    return is_value and id(output) not in context.non_differentiable


def _backward(call: Call, context: Context, weights: list[torch.Tensor]) -> tuple[Any, ...]:
    """Run backward; return what it gives for each argument."""
    left = iter(weights)
    incoming = [
        next(left).to(one.dtype)
        if _has_gradient(one, context)
        else torch.zeros_like(one)
        if isinstance(one, torch.Tensor)
        else None
        for one in context.outputs
    ]
    given = call.function.backward(context, *incoming)
    given = given if isinstance(given, tuple) else (given,)
    return (*given[: len(call.arguments)], *[None] * (len(call.arguments) - len(given)))

"""Which elements of a parameter are sampled, and which of them a step should move. Nothing here is read by the host."""

from __future__ import annotations

from typing import Final

import torch

EVENLY: Final = 16
"""Elements that are sampled at even distances; as many with the largest gradients are added."""
CANDIDATES: Final = 65_536
"""Elements among which those with the largest gradients are looked for."""


def is_plain(tensor: torch.Tensor) -> bool:
    """Return whether a tensor is an ordinary one whose elements can be taken one by one.

    FSDP takes the memory of its parameters away between their uses: then it is not.
    """
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and not tensor.is_meta
        and tensor.numel() > 0
        and tensor.untyped_storage().nbytes() > 0
    )


def elements(gradient: torch.Tensor) -> torch.Tensor:
    """Return which elements of a parameter to sample, by its first gradient: `[n]` int64 on its device.

    The first half are at even distances, the others have the largest gradients.
    """
    total, device = gradient.numel(), gradient.device
    count = min(EVENLY, total)
    even = torch.arange(count, device=device) * (total // count)
    among = torch.arange(0, total, max(1, total // CANDIDATES), device=device)
    largest = torch.take(gradient, among).abs().topk(min(count, len(among))).indices
    return torch.cat([even, among[largest]])


def coarse(now: torch.Tensor, rate: object) -> torch.Tensor:
    """Return which values have a last place that is worth more than two learning rates, `[n]` bool.

    Optimizers that scale by the gradient's size (Adam and its kin) change a value by about the learning rate.
    """
    if not isinstance(rate, (int, float)) or not now.dtype.is_floating_point:
        return torch.zeros_like(now, dtype=torch.bool)
    return torch.finfo(now.dtype).eps * now.abs() > 2 * abs(rate)


def due(
    now: torch.Tensor, gradient: torch.Tensor, rate: object, found_inf: object, is_coarse: torch.Tensor
) -> torch.Tensor:
    """Return which elements have a gradient that is to move them, `[n]` bool.

    In full precision a change may rightly be too small to be seen: where rate times gradient is less than a quarter of the
    value's last place, nothing is concluded, unless the learning rate itself is.

    Args:
        now: `[n]`, the values.
        gradient: `[n]`, their gradients.
        rate: The learning rate, a number or a tensor.
        found_inf: What a gradient scaler told a fused optimizer; anything but a tensor where it told nothing.
        is_coarse: `[n]`, what `coarse` says of them.
    """
    moves = gradient.isfinite() & (gradient != 0)
    if now.dtype in (torch.float32, torch.float64) and isinstance(rate, (int, float)):
        moves &= is_coarse | (abs(rate) * gradient.abs() > 0.25 * torch.finfo(now.dtype).eps * now.abs())
    if isinstance(rate, torch.Tensor) and rate.device == now.device:
        moves &= rate != 0
    if isinstance(found_inf, torch.Tensor) and found_inf.device == now.device:
        moves &= found_inf == 0
    return moves

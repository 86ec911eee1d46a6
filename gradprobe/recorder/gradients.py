"""The norm of every gradient, at the least cost.

On the host each gradient's memory is read once by NumPy (no dispatch, no allocation); on a device one multi-tensor kernel
leaves all norms there, and they are copied to the host behind the training's back.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import numpy as np
import torch
from numpy.typing import NDArray

from gradprobe.recorder.transfer import Transfer, host_flat, host_value, local, on_host
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT

_FAST: Final = (torch.float32, torch.float64)
_LARGEST: Final = float(np.finfo(np.float32).max)


class Norms:
    """Norms of one optimizer's parameters in one step: those on the host at once, the others when they arrive.

    Attributes:
        values: `[parameters]` float32, L2 norms, with the codes of `gradprobe.values.step`.
        transfers: What is still on its way, with the positions in `values` that it fills.
    """

    __slots__ = ("transfers", "values")

    def __init__(self, parameters: Sequence[torch.Tensor], scale: torch.Tensor | None) -> None:
        """Measure.

        Args:
            parameters: Parameters whose gradients are measured.
            scale: 0-dimensional factor that is still on the gradients (fused optimizers under a gradient scaler).
        """
        self.values: NDArray[np.float32] = np.empty(len(parameters), np.float32)
        self.transfers: list[tuple[Transfer, list[int]]] = []
        elsewhere: defaultdict[tuple[torch.device, torch.dtype], list[int]] = defaultdict(list)
        gradients: dict[int, torch.Tensor] = {}
        divisor = host_value(scale) if scale is not None and on_host(scale) else 1.0
        with np.errstate(over="ignore"):  # `host_norm` expects squares that overflow.
            self._measure(parameters, divisor, gradients, elsewhere)
        for positions in elsewhere.values():
            self._send([gradients[position] for position in positions], positions, scale)

    def _measure(
        self,
        parameters: Sequence[torch.Tensor],
        divisor: float,
        gradients: dict[int, torch.Tensor],
        elsewhere: dict[tuple[torch.device, torch.dtype], list[int]],
    ) -> None:
        """Fill in what is on the host, and sort out what is not."""
        for position, parameter in enumerate(parameters):
            gradient = parameter.grad
            if gradient is None:
                self.values[position] = NO_GRADIENT if parameter.requires_grad else NOT_LOOKED_AT
                continue
            if gradient.dtype in _FAST and on_host(gradient):
                self.values[position] = _single(host_norm(gradient) / divisor)
                continue
            gradient = local(gradient)
            # A rank may hold no part of a small parameter: that is no gradient of zero.
            if gradient.is_meta or not gradient.numel() or _needs_a_wait(gradient):
                self.values[position] = NOT_LOOKED_AT
            else:
                gradients[position] = gradient
                elsewhere[gradient.device, gradient.dtype].append(position)

    @torch.no_grad()
    def _send(self, gradients: list[torch.Tensor], positions: list[int], scale: torch.Tensor | None) -> None:
        norms = device_norms(gradients)
        if scale is not None:
            norms = [norm / scale.to(norm.device, non_blocking=True) for norm in norms]
        if norms[0].device.type == "cpu":
            self.values[positions] = [_single(host_value(norm)) for norm in norms]
            return
        self.values[positions] = NOT_LOOKED_AT
        self.transfers.append((Transfer(norms), positions))


def host_norm(gradient: torch.Tensor) -> float:
    """Return the L2 norm of a float32 or float64 tensor for which `on_host` holds.

    The sum of squares is taken in the tensor's own precision, whose range ends at norms of 1e-19 and 1e19 for float32.
    A sum that comes out near zero or infinite is taken again after scaling, so that tiny is never called zero.
    """
    flat = host_flat(gradient)
    squares = float(np.vdot(flat, flat))
    if 1e-30 < squares < 1e30:
        return math.sqrt(squares)
    largest = float(np.abs(flat).max(initial=0.0))
    if largest == 0.0 or not math.isfinite(largest):
        return largest
    scaled = flat.astype(np.float64) / largest
    return largest * math.sqrt(float(np.vdot(scaled, scaled)))


def _single(norm: float) -> float:
    """Return a norm that a float32 can hold: a finite one stays finite."""
    return min(norm, _LARGEST) if math.isfinite(norm) else norm


def _needs_a_wait(gradient: torch.Tensor) -> bool:
    """Return whether a gradient cannot be measured without waiting for its device: a sparse one with repeated rows."""
    return gradient.layout == torch.sparse_coo and not gradient.is_cpu and not gradient.is_coalesced()


def device_norms(gradients: list[torch.Tensor]) -> list[torch.Tensor]:
    """Return the L2 norms of gradients of one device and data type, as float32 or wider 0-dimensional tensors there."""
    plain = [_dense(gradient.detach()) for gradient in gradients]
    narrow = plain[0].dtype in (torch.float16, torch.bfloat16)
    if plain[0].dtype.is_complex or any(type(gradient) is not torch.Tensor for gradient in plain):
        return [torch.linalg.vector_norm(gradient).to(torch.float32) for gradient in plain]
    dtype = torch.float32 if narrow else None
    return list(torch._foreach_norm(plain, 2, dtype=dtype))  # pyright: ignore[reportPrivateImportUsage]


def _dense(gradient: torch.Tensor) -> torch.Tensor:
    """Return a tensor with the same norm that is dense: the values of a sparse one."""
    if gradient.layout == torch.sparse_coo:
        return gradient.coalesce().values()
    if gradient.layout in (torch.sparse_csr, torch.sparse_csc, torch.sparse_bsr, torch.sparse_bsc):
        return gradient.values()
    return gradient

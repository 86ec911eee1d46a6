"""Digests of tensors, equal on two ranks exactly if the tensors are, to the bit (but for one case in 16 million)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

from gradprobe.recorder.gradients import device_norms, host_norm
from gradprobe.recorder.transfer import Transfer, host_flat, on_host

_MODULUS: Final = 16_777_213
"""The largest prime that a float32 can hold exactly, so that a digest travels from a device beside the norms."""
_WORDS: Final = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}
_HOST_WORDS: Final[dict[int, Any]] = {1: np.int8, 2: np.int16, 4: np.int32, 8: np.int64}
_FAST: Final = (torch.float32, torch.float64)
UNKNOWN: Final = -1.0


class Digest:
    """Digests and norms of tensors: those on the host at once, the others when they arrive.

    A digest is the sum of the tensor's memory read as integers, modulo a prime: integer addition has no rounding, so the
    order in which a device adds does not matter.

    Attributes:
        bits: `[tensors]` float64 whole numbers; -1 where there is none.
        norms: `[tensors]` float64 L2 norms; -1 where there is none.
    """

    def __init__(self, tensors: Sequence[torch.Tensor | None]) -> None:
        self.bits: NDArray[np.float64] = np.full(len(tensors), UNKNOWN)
        self.norms: NDArray[np.float64] = np.full(len(tensors), UNKNOWN)
        self._transfers: list[tuple[Transfer, list[int]]] = []
        elsewhere: defaultdict[tuple[torch.device, torch.dtype], list[int]] = defaultdict(list)
        with np.errstate(over="ignore"):  # `host_norm` expects squares that overflow.
            for position, tensor in enumerate(tensors):
                if tensor is None or not _has_plain_memory(tensor):
                    continue
                if on_host(tensor) and tensor.dtype in _FAST:
                    self.bits[position], self.norms[position] = _host_sum(tensor), host_norm(tensor)
                else:
                    elsewhere[tensor.device, tensor.dtype].append(position)
        for positions in elsewhere.values():
            self._send([one for at in positions if (one := tensors[at]) is not None], positions)

    @torch.no_grad()
    def _send(self, tensors: list[torch.Tensor], positions: list[int]) -> None:
        floating = tensors[0].is_floating_point() or tensors[0].is_complex()
        norms = device_norms(tensors) if floating else [tensors[0].new_zeros((), dtype=torch.float32)] * len(tensors)
        self._transfers.append((Transfer([*map(_sum, tensors), *norms]), positions))

    def is_ready(self, age: int) -> bool:
        """Return whether all of them can be read without waiting, so many steps later."""
        return all(transfer.is_ready(age) for transfer, _ in self._transfers)

    def read(self) -> None:
        """Fill in what was on its way; waits for a device only if `is_ready` was not asked first."""
        for transfer, positions in self._transfers:
            values = transfer.values()
            self.bits[positions], self.norms[positions] = values[: len(positions)], values[len(positions) :]
        self._transfers = []


def _has_plain_memory(tensor: torch.Tensor) -> bool:
    """Return whether a tensor's memory is its values: not sharded, sparse, quantised, or without any."""
    is_plain = type(tensor) in (torch.Tensor, torch.nn.Parameter) and tensor.layout == torch.strided
    return is_plain and not tensor.is_meta and not tensor.is_quantized and tensor.element_size() in _WORDS


def _host_sum(tensor: torch.Tensor) -> float:
    array = np.ascontiguousarray(host_flat(tensor))
    return float(int(array.view(_HOST_WORDS[array.itemsize]).sum(dtype=np.int64)) % _MODULUS)


def _sum(tensor: torch.Tensor) -> torch.Tensor:
    plain = tensor.detach().contiguous().reshape(-1)
    return torch.remainder(plain.view(_WORDS[plain.element_size()]).sum(dtype=torch.int64), _MODULUS)

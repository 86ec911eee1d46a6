"""Numbers on their way from a device to the host, without anybody waiting for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray


class Transfer:
    """A vector that is being copied to the host.

    On CUDA the copy goes to pinned memory behind an event. Other devices have no such copy: the vector stays there until
    it is asked for, steps later, when what it depends on should be done.
    """

    def __init__(self, scalars: Sequence[torch.Tensor]) -> None:
        """Begin the copy.

        Args:
            scalars: 0-dimensional tensors of one device.
        """
        vector = torch.stack([scalar.to(torch.float32) for scalar in scalars])
        self._event: torch.cuda.Event | None = None
        if vector.is_cuda:
            # `device` is said, or `torch.set_default_device` would say another.
            self._vector = torch.empty(len(vector), dtype=torch.float32, device="cpu", pin_memory=True)
            self._vector.copy_(vector, non_blocking=True)
            self._event = torch.cuda.Event()
            # The copy went to the current stream of the vector's device, which need not be the current device.
            self._event.record(torch.cuda.current_stream(vector.device))
        else:
            self._vector = vector

    def is_ready(self, age: int) -> bool:
        """Return whether the numbers can be read without waiting.

        Args:
            age: Steps since the transfer began.
        """
        return bool(self._event.query()) if self._event is not None else age >= 2

    def values(self) -> NDArray[np.float32]:
        """Return the numbers, `[n]`; waits for them only if `is_ready` was not asked first."""
        if self._event is not None:
            self._event.synchronize()
        return self._vector.cpu().numpy()


def local(tensor: torch.Tensor) -> torch.Tensor:
    """Return this rank's shard of a distributed tensor, and any other tensor as it is.

    An operation on a distributed tensor may be a collective, and one of ours could leave another rank waiting for ever.
    """
    shard = getattr(tensor, "to_local", None)
    return tensor if shard is None else shard()


def on_host(tensor: torch.Tensor) -> bool:
    """Return whether a tensor's memory can be read as it is, with no operation of torch and no wait."""
    return (
        tensor.is_cpu
        and type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and not (tensor.is_neg() or tensor.is_conj())
    )


def host_value(tensor: torch.Tensor) -> float:
    """Return the number in a one-element tensor for which `on_host` holds."""
    plain = tensor.detach()
    if plain.dtype == torch.bfloat16:
        plain = plain.to(torch.float32)
    return float(plain.numpy().reshape(-1)[0].real)

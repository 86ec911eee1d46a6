"""Numbers on their way from a device to the host, without anybody waiting for them."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import torch
from numpy.typing import NDArray

_NUMPY: Final[dict[torch.dtype, np.dtype[Any]]] = {
    getattr(torch, name): np.dtype(name)
    for name in (
        *("bool", "uint8", "int8", "int16", "int32", "int64"),
        *("float16", "float32", "float64", "complex64", "complex128"),
    )
}
"""What memory of torch is to NumPy."""


class Transfer:
    """A vector that is being copied to the host.

    On CUDA the copy goes to pinned memory behind an event. Other devices have no such copy: the vector stays there until
    it is asked for, steps later, when what it depends on should be done.
    """

    def __init__(self, numbers: Sequence[torch.Tensor] | torch.Tensor) -> None:
        """Begin the copy.

        Args:
            numbers: 0-dimensional tensors of one device, or a vector `[n]`.
        """
        if isinstance(numbers, torch.Tensor):
            vector = numbers.to(torch.float32)
        else:
            vector = torch.stack([number.to(torch.float32) for number in numbers])
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
        return bool(self._event.query()) if self._event is not None else self._vector.is_cpu or age >= 2

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


def host_array(tensor: torch.Tensor) -> NDArray[Any]:
    """Return the memory of a tensor for which `on_host` holds as an array of its shape, to be read at once and let go.

    Not by `Tensor.numpy`, after which a storage can no longer be resized: FSDP gives the memory of its parameters back so.

    Raises:
        KeyError: If NumPy has no such data type (bfloat16).
        ValueError: If its memory was given back.
    """
    dtype = _NUMPY[tensor.dtype]
    if tensor.is_contiguous():
        return _memory(tensor, tensor.numel(), dtype).reshape(tensor.shape)
    if not tensor.numel():
        return np.empty(tensor.shape, dtype)
    extent = 1 + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
    strides = tuple(stride * dtype.itemsize for stride in tensor.stride())
    return np.lib.stride_tricks.as_strided(_memory(tensor, extent, dtype), tensor.shape, strides, writeable=False)


def host_flat(tensor: torch.Tensor) -> NDArray[Any]:
    """Return the elements of a tensor for which `on_host` holds, `[numel]`, likewise."""
    if tensor.is_contiguous():
        return _memory(tensor, tensor.numel(), _NUMPY[tensor.dtype])
    return host_array(tensor).reshape(-1)


def _memory(tensor: torch.Tensor, elements: int, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return so many elements from where a tensor begins: torch's own memory, which lives as long as the caller's tensor."""
    if not elements:
        return np.empty(0, dtype)
    address = tensor.data_ptr()
    if not address:
        raise ValueError("expected a tensor with memory, found one whose memory was given back")
    memory = (ctypes.c_char * (elements * dtype.itemsize)).from_address(address)
    return np.frombuffer(memory, dtype)  # type: ignore[call-overload, no-any-return]  # NumPy's stubs do not know buffers.


def host_value(tensor: torch.Tensor) -> float:
    """Return the number in a one-element tensor for which `on_host` holds."""
    if tensor.dtype not in _NUMPY:
        tensor = tensor.detach().to(torch.float32)
    return float(host_flat(tensor)[0].real)

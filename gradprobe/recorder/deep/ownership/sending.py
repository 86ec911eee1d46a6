"""Counts on their way to the host, and who is told when they have arrived."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from gradprobe.recorder.transfer import Transfer

if TYPE_CHECKING:
    import torch


class Sending:
    """Copies numbers to the host without anybody waiting for them."""

    def __init__(self) -> None:
        self._sent: list[tuple[Transfer, Callable[[list[float]], None], int]] = []

    def send(self, numbers: Sequence[torch.Tensor] | torch.Tensor, receive: Callable[[list[float]], None]) -> None:
        """Send off numbers of one device.

        Args:
            numbers: 0-dimensional tensors, or a vector `[n]`.
            receive: Is given their values when they have arrived.
        """
        self._sent.append((Transfer(numbers), receive, 0))

    def settle(self, *, wait: bool = False) -> None:
        """Hand over what has arrived.

        Args:
            wait: Whether to wait for the rest.
        """
        left = []
        for transfer, receive, age in self._sent:
            if wait or transfer.is_ready(age):
                receive(transfer.values().tolist())
            else:
                left.append((transfer, receive, age + 1))
        self._sent = left

    def give_up(self) -> None:
        """Leave out what has not arrived."""
        self._sent.clear()

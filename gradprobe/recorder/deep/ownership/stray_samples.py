"""A few elements of leaves that no optimizer owns and that have a gradient: does anybody move them?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import positions_of
from gradprobe.recorder.deep.ownership.elements import elements, is_plain
from gradprobe.recorder.deep.ownership.sending import Sending
from gradprobe.recorder.transfer import local

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep

MOST_LEAVES: Final = 256
"""Leaves that are looked at."""
MOST_LOOKS: Final = 8
"""Times that one is looked at."""


class StraySamples:
    """Samples leaves without an owner after each backward that reaches them, and notes on their pages what it found."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._sending = Sending()
        self._looks: dict[int, int] = {}
        self._looked_at: list[int] = []
        self._first: dict[int, tuple[torch.Tensor, torch.Tensor, int]] = {}

    @torch.no_grad()
    def look(self, bits: int, step: int) -> None:
        """Note which of these leaves nobody owns and have a gradient, and whether they differ from what they were.

        Args:
            bits: The leaves that a backward has just reached.
            step: The training step.
        """
        for number in positions_of(bits):
            if self._deep.books.page(number).is_owned or self._looks.get(number, 0) >= MOST_LOOKS:
                continue
            tensor = self._deep.tracer.leaves.at(number).reference()
            if tensor is None or (gradient := tensor.grad) is None:
                continue
            tensor, gradient = local(tensor.detach()), local(gradient)
            if not (is_plain(tensor) and is_plain(gradient)):
                continue
            if number not in self._first:
                if len(self._first) >= MOST_LEAVES:
                    continue
                index = elements(gradient)
                self._first[number] = (index, torch.take(tensor, index), step)
            index, _, since = self._first[number]
            self._looks[number] = self._looks.get(number, 0) + 1
            self._looked_at.append(number)
            self._send(number, (torch.take(gradient, index) != 0).any(), is_compared=since != step)

    @torch.no_grad()
    def optimizer_stepped(self) -> None:
        """Compare those that the backward before this step has reached: other parameters have been stepped."""
        looked_at, self._looked_at = self._looked_at, []
        for number in looked_at:
            self._send(number, None, is_compared=True)

    @torch.no_grad()
    def close(self, step: int) -> None:
        """Compare all once more, and wait for what is still on its way: the run has ended.

        Args:
            step: Training steps there were.
        """
        for number, (_, _, since) in self._first.items():
            if since < step:
                self._send(number, None, is_compared=True)
        self._sending.settle(wait=True)

    def settle(self) -> None:
        """Read what has arrived."""
        self._sending.settle()

    def _send(self, number: int, flowing: torch.Tensor | None, *, is_compared: bool) -> None:
        tensor = self._deep.tracer.leaves.at(number).reference()
        index, first, _ = self._first[number]
        tensor = None if tensor is None else local(tensor.detach())
        if tensor is None or not is_plain(tensor):
            return
        changed = (torch.take(tensor, index) != first).any()
        flows = torch.zeros_like(changed) if flowing is None else flowing
        page = self._deep.books.page(number)

        def receive(values: list[float]) -> None:
            page.flowing += int(values[0])
            page.compared += is_compared
            page.changed += int(values[1])

        self._sending.send([flows, changed], receive)

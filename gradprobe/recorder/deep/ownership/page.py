"""What the books say of one leaf."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.recorder.deep.node import Place


class Page:
    """What is known of a leaf beyond its way to losses. Holds no tensor of the script's.

    Attributes:
        number: Position of the leaf's bit.
        optimizers_before: Optimizers that were built before it was made.
        in_forward: Whether it was made while a module was being called.
        is_born: Whether its birth was seen.
        is_owned: Whether an optimizer was ever given it.
        is_remade: Whether one took the place of the other, it and another leaf that the same line made.
        contents: Where its values came from last: `random`, `constant`, `loaded`, `copied`; empty where it was not seen.
        sources: Bits of the leaves that it was copied from.
        replaced_at: Where something else was put in its place; None where that was not seen.
        replaces_at: Where it was put in the place of something else.
        is_differentiated: Whether `torch.autograd.grad` was asked for its gradient.
        is_used: Whether the script makes something of its gradient.
        gradient_read_at: The user's lines that read its gradient.
        reached: Steps in which a backward reached it.
        last_reached: The newest of these.
        first_reached: The first.
        flowing: Backward calls that left a gradient on it that is not zero.
        compared: How often its values were compared with those of an earlier step.
        changed: How often they differed.
        overwritten: Steps in which values that are not its own present ones were written over it.
        overwritten_at: Where that was done last.
        last_overwritten: The newest of these steps.
    """

    __slots__ = (
        "changed",
        "compared",
        "contents",
        "first_reached",
        "flowing",
        "gradient_read_at",
        "in_forward",
        "is_born",
        "is_differentiated",
        "is_owned",
        "is_remade",
        "is_used",
        "last_overwritten",
        "last_reached",
        "number",
        "optimizers_before",
        "overwritten",
        "overwritten_at",
        "reached",
        "replaced_at",
        "replaces_at",
        "sources",
    )

    def __init__(self, number: int) -> None:
        self.number = number
        self.optimizers_before = 0
        self.in_forward = False
        self.is_born = False
        self.is_owned = False
        self.is_remade = False
        self.contents = ""
        self.sources = 0
        self.replaced_at: Place = None
        self.replaces_at: Place = None
        self.is_differentiated = False
        self.is_used = False
        self.gradient_read_at: set[Place] = set()
        self.reached = 0
        self.last_reached = -1
        self.first_reached = -1
        self.flowing = 0
        self.compared = 0
        self.changed = 0
        self.overwritten = 0
        self.overwritten_at: Place = None
        self.last_overwritten = -1

    def note_reached(self, step: int) -> None:
        """Note that a backward reached it in a step."""
        if step != self.last_reached:
            self.reached += 1
            self.last_reached = step
            self.first_reached = step if self.first_reached < 0 else self.first_reached

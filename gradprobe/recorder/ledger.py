"""The books of gradients: which backward put them there, which optimizer used them, and what cleared them.

Judged by state, not by calls: a few parameters of each optimizer are looked at around every backward and every step. A gradient
is the same as before if it is the same tensor at the same version; it is cleared if it is None, another tensor, or all
zero after a write that nobody has explained. Nothing is read from a device.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import torch

from gradprobe.recorder.transfer import on_host
from gradprobe.values import Observation, RelatedSite, Site

LOOKED_AT: Final = 4
"""Parameters of each optimizer that are looked at, spread over all of them."""
BY_HAND: Final = -1
"""Number of the books of parameters that the script updates without an optimizer of torch."""
SMALL: Final = 65_536
"""Elements up to which a gradient on the host is looked through for anything but zeros."""
MOST_READ: Final = 256
"""Contributions that the script has read and cleared which wait for the optimizer's step."""
MOST_SITES: Final = 64
"""Different backward calls whose gradients an optimizer's books tell apart."""


class Look(NamedTuple):
    """What a gradient looked like: which tensor, at which version; -1 where there was none."""

    identity: int
    version: int


@dataclass(slots=True)
class Entry:
    """A contribution of one backward that is still in the gradients.

    Attributes:
        site: Where backward was called.
        used: How often the optimizer has stepped with it.
        others: Numbers of other optimizers that have stepped since.
        is_read: Whether the script has read them.
        is_taken: Whether it has made use of what it read.
    """

    site: Site
    used: int = 0
    others: set[int] = field(default_factory=set)
    is_read: bool = False
    is_taken: bool = False


@dataclass(slots=True)
class Counts:
    """What became of the gradients of one backward call, over the run, counted in backwards."""

    used: int = 0
    discarded: int = 0
    taken: int = 0
    pending: int = 0
    cleared_at: Site | None = None
    foreign: int = 0
    at_once: set[int] = field(default_factory=set)


@dataclass(slots=True)
class Clip:
    """Gradients that were clipped, and have not been used yet.

    Attributes:
        site: Where.
        owners: Numbers of the optimizers that hold some of the parameters.
        is_passed: Whether another optimizer has stepped since.
    """

    site: Site
    owners: set[int]
    is_passed: bool = False


class Book:
    """The gradients of one optimizer."""

    def __init__(self, number: int, parameters: list[torch.Tensor]) -> None:
        self.number = number
        self.thread = threading.get_ident()
        stride = max(1, len(parameters) // LOOKED_AT)
        self.references = [weakref.ref(parameter) for parameter in parameters[::stride][:LOOKED_AT]]
        self.identities = frozenset(map(id, parameters))
        self.looks: list[Look] = []
        self.entries: list[Entry] = []
        self.read: list[Entry] = []
        self.counts: dict[Site, Counts] = {}
        self.steps = 0
        self.stale_steps = 0
        self.empty_steps = 0
        self.touched_steps = 0
        self.left: list[Look] = []
        self.explained = False
        self.step_site: Site | None = None

    def look(self) -> list[Look]:
        """Return what the gradients look like now."""
        found = []
        for reference in self.references:
            parameter = reference()
            gradient = None if parameter is None else parameter.grad
            found.append(Look(-1, -1) if gradient is None else Look(id(gradient), gradient._version))
        return found

    def is_cleared(self, *, by_call: bool) -> bool:
        """Return whether what was in the gradients is gone.

        Args:
            by_call: Whether a call that clears gradients came since the last look.
        """
        now = self.look()
        if now == self.looks:
            return False
        for reference, before, after in zip(self.references, self.looks, now, strict=False):
            if before.identity == -1 or before == after:
                continue
            parameter = reference()
            gradient = None if parameter is None else parameter.grad
            if gradient is None:
                return True
            is_same = after.identity == before.identity
            if self.explained and is_same:
                return False  # Clipped, or unscaled.
            return _is_zero(gradient) if _can_look_through(gradient) else by_call and is_same
        return False


class Ledger:
    """The books of all optimizers that step."""

    def __init__(self) -> None:
        self._books: dict[int, Book] = {}
        self._before: dict[int, list[Look]] = {}
        self._cleared_at: Site | None = None
        self._clips: dict[Site, list[int]] = {}
        self._clipped: list[Clip] = []

    def bind(self, number: int, parameters: list[torch.Tensor]) -> bool:
        """Open a book for an optimizer that steps, or look at others of its parameters; return whether it was open."""
        book = self._mine().get(number)
        if book is None or any(reference() is None for reference in book.references):
            fresh = Book(number, [one for one in parameters if one.requires_grad and not one.is_sparse])
            if book is not None:
                fresh.counts, fresh.steps, fresh.stale_steps = book.counts, book.steps, book.stale_steps
                fresh.touched_steps = book.touched_steps
                fresh.empty_steps, fresh.step_site = book.empty_steps, book.step_site
            self._books[number] = fresh
            return False
        return True

    def _mine(self) -> dict[int, Book]:
        """Return the books of optimizers that step in this thread: what another one trains may change at any moment."""
        thread = threading.get_ident()
        return {number: book for number, book in self._books.items() if book.thread == thread}

    def cleared(self, site: Site) -> None:
        """Note a call that clears gradients, to have a line where they are found cleared."""
        self._settle()
        self._cleared_at = site

    def explained(self) -> None:
        """Note that gradients are about to be written to for a known reason: clipping, unscaling."""
        self._settle()
        for book in self._mine().values():
            book.explained = True

    def clipped(self, site: Site, parameters: Sequence[torch.Tensor]) -> None:
        """Note that gradients are about to be clipped, and whether there are any that have not been used.

        Args:
            site: Where.
            parameters: Whose; none where that cannot be told.
        """
        self._settle()
        if not self._books:
            return
        fresh = any(not entry.used for book in self._mine().values() for entry in book.entries)
        used = any(entry.used for book in self._mine().values() for entry in book.entries)
        if not fresh and not used and self._may_have_gradients(parameters):
            return  # Books look at some of the parameters, which may be just those that no loss reaches.
        counts = self._clips.setdefault(site, [0, 0, 0, 0, 0])
        counts[0 if fresh else 1 if used else 2] += 1
        owners = {
            number for number, book in self._mine().items() if any(id(one) in book.identities for one in parameters)
        }
        self._clipped = [*self._clipped[-7:], Clip(site, owners)] if owners else self._clipped

    def _may_have_gradients(self, parameters: Sequence[torch.Tensor]) -> bool:
        """Return whether some of these have a gradient; whether it cannot be told, where it is not known which are meant."""
        if parameters:
            return any(one.grad is not None for one in parameters)
        return any(len(book.references) < len(book.identities) for book in self._mine().values())

    def unused(self, parameter: torch.Tensor) -> list[Entry]:
        """Return the contributions to a parameter's gradient that its optimizer has not used yet."""
        self._settle()
        books = (book for book in self._mine().values() if id(parameter) in book.identities)
        return [entry for book in books for entry in book.entries if not entry.used]

    def has_unused(self, number: int) -> bool:
        """Return whether there are gradients that an optimizer has not used yet."""
        self._settle()
        book = self._mine().get(number)
        return book is not None and any(not entry.used for entry in book.entries)

    def backward_begins(self) -> None:
        """Look at what is there before a backward adds to it."""
        self._settle()
        self._before = {number: book.look() for number, book in self._mine().items()}

    def backward_ended(self, site: Site) -> None:
        """Note to whose gradients a backward has added."""
        for number, book in self._mine().items():
            now = book.look()
            if number in self._before and now != self._before[number]:
                if len(book.counts) < MOST_SITES or site in book.counts:
                    book.entries.append(Entry(site))
                book.looks = book.left = now
        self._before = {}

    def step_begins(self, number: int) -> None:
        """Note what an optimizer is about to use."""
        self._settle()
        book = self._mine().get(number)
        if book is None:
            return
        for clip in self._clipped:
            self._clips[clip.site][3] += number in clip.owners
            clip.is_passed = clip.is_passed or number not in clip.owners
        self._clipped = [clip for clip in self._clipped if number not in clip.owners]
        book.steps += 1
        stale = [entry for entry in book.entries if entry.used]
        fresh = [entry for entry in book.entries if not entry.used]
        book.empty_steps += not book.entries
        book.stale_steps += bool(stale and fresh)
        book.touched_steps += book.left != book.look()  # By clipping, unscaling, or the script itself.
        for counts in book.counts.values():
            counts.discarded, counts.pending = counts.discarded + counts.pending, 0
        for entry in book.read:  # Whether the script makes use of what it read shows after it was cleared.
            counts = book.counts.setdefault(entry.site, Counts())
            counts.taken, counts.discarded = counts.taken + entry.is_taken, counts.discarded + (not entry.is_taken)
        book.read = []
        here: dict[Site, int] = {}
        for entry in fresh:
            counts = book.counts.setdefault(entry.site, Counts())
            counts.used += 1
            counts.foreign += bool(entry.others)
            here[entry.site] = here.get(entry.site, 0) + 1
        for where, times in here.items():
            book.counts[where].at_once.add(min(times, 1000))

    def step_ended(self, number: int, site: Site) -> None:
        """Note that an optimizer has used its gradients, or that a scaler left its step out because of them."""
        stepped = self._mine().get(number)
        for book in self._mine().values():
            # Two optimizers may hold the same parameters: what one has used is used.
            is_same = stepped is not None and any(id(one()) in stepped.identities for one in book.references)
            for entry in book.entries:
                if is_same:
                    entry.used += 1
                else:
                    entry.others.add(number)
        self._settle()  # A step may clear what it has used by itself.
        if stepped is not None:
            stepped.step_site = site
            stepped.looks = stepped.look()
            stepped.explained = False

    def updated_by_hand(self, parameters: list[torch.Tensor]) -> None:
        """Note that the script has updated parameters by itself since the newest backward, and perhaps cleared their gradients.

        Whether it stepped with gradients of an earlier update is only said of gradients that it left as the backward made them:
        what it does to them otherwise, momentum in their place for instance, is its own affair.
        """
        book = self._mine().get(BY_HAND)
        if not self.bind(BY_HAND, parameters) or book is None or not book.entries:
            return
        book.steps += 1
        used = any(entry.used for entry in book.entries)
        book.stale_steps += used and any(not entry.used for entry in book.entries) and book.left == book.look()
        book.step_site = book.entries[-1].site
        for entry in book.entries:
            entry.used += 1

    def observations(self) -> list[Observation]:
        """Return what the books say so far."""
        found = []
        for book in self._books.values():
            if book.step_site is None:
                continue
            detail = {
                "optimizer": book.number,
                "steps": book.steps,
                "stale": book.stale_steps,
                "empty": book.empty_steps,
                "touched": book.touched_steps,
            }
            found.append(Observation("gradient-book", book.step_site, detail=detail, key=str(book.number)))
            for site, counts in book.counts.items():
                related = (RelatedSite(counts.cleared_at, "cleared here"),) if counts.cleared_at else ()
                more = {
                    "optimizer": book.number,
                    "used": counts.used,
                    "discarded": counts.discarded,
                    "taken": counts.taken,
                    "foreign": counts.foreign,
                    "most_at_once": max(counts.at_once, default=0),
                }
                found.append(Observation("gradients-of", site, related, detail=more, key=str(book.number)))
        for site, (fresh, used, none, useful, lost) in self._clips.items():
            detail = {"fresh": fresh, "used": used, "none": none, "useful": useful, "lost": lost}
            found.append(Observation("clip-book", site, detail=detail))
        return found

    def _settle(self) -> None:
        """Strike out what has been cleared since the last look."""
        for book in self._mine().values():
            if book.entries and book.is_cleared(by_call=self._cleared_at is not None):
                for entry in book.entries:
                    if not entry.used and not entry.others:  # Else it was for another one's step.
                        counts = book.counts.setdefault(entry.site, Counts())
                        if entry.is_read and len(book.read) < MOST_READ:
                            book.read.append(entry)
                        else:
                            counts.pending += 1  # Discarded, if the optimizer goes on stepping.
                        counts.cleared_at = self._cleared_at or counts.cleared_at
                book.entries = []
                for clip in self._clipped:
                    self._clips[clip.site][4] += clip.is_passed and book.number in clip.owners
                self._clipped = [clip for clip in self._clipped if book.number not in clip.owners]
            if book.entries:
                book.looks = book.look()
            book.explained = False
        self._cleared_at = None


def _can_look_through(gradient: torch.Tensor) -> bool:
    """Return whether a gradient can be looked at without waiting for a device, and is small."""
    return on_host(gradient) and gradient.numel() <= SMALL


def _is_zero(gradient: torch.Tensor) -> bool:
    return not bool(gradient.detach().any())

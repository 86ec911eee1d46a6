"""The books of ownership: which leaves a loss reaches, who owns them, and how they came to be."""

from __future__ import annotations

import weakref
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import Node, Place, positions_of
from gradprobe.recorder.deep.ownership.contents import OVERWRITES, contents_after, contents_of, is_of_now
from gradprobe.recorder.deep.ownership.page import Page
from gradprobe.recorder.layout import optimizer_parameters
from gradprobe.recorder.sites import is_machinery

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from types import FrameType

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.leaves import Leaf

MOST_LATE_BIRTHS: Final = 2048
"""Births after the first steps that are noted."""
MOST_LATE_LOOKS: Final = 12
"""Births after the first steps because of which the next steps are looked at."""
_CALL: Final = torch.nn.Module._call_impl.__code__
MOST_READ_GRADIENTS: Final = 4096
"""Gradients that the script has read which are followed within a step."""
MOST_READS: Final = 8
"""Lines that read a leaf's gradient which are kept."""


class Books:
    """Keeps a page for each leaf that was made, owned or reached. Keeps no tensor of the script's alive.

    Attributes:
        pages: By the position of the leaf's bit.
        now: Bits of the leaves that the newest backward reaches.
        read_gradients: Gradients of leaves without an owner that the script has read since the newest backward, by identity.
        renewals: How often an optimizer was built, or its state loaded.
        repeated: For modules that stand several times in a list, the line that put them there, by the leaves of their parameters.
        shared_reads: Lines that read the gradient of a leaf that an optimizer owns.
    """

    def __init__(self, deep: Deep) -> None:
        self.pages: dict[int, Page] = {}
        self.now = 0
        self.shared_reads: set[Place] = set()
        self.renewals = 0
        self.repeated: dict[int, Place] = {}
        self.read_gradients: dict[int, tuple[weakref.ref[torch.Tensor], int]] = {}
        self._deep = deep
        self._built = 0
        self._order: weakref.WeakKeyDictionary[torch.optim.Optimizer, int] = weakref.WeakKeyDictionary()
        self._late_births = 0
        self._late_looks = 0

    def page(self, number: int) -> Page:
        """Return the page of a leaf, a new one where it has none; one that nobody keeps where many leaves share a number."""
        page = self.pages.get(number)
        if page is None:
            page = Page(number)
            page.optimizers_before = self._built
            if not self._deep.tracer.leaves.is_shared(number):
                self.pages[number] = page
        return page

    # Births

    def may_note_birth(self) -> bool:
        """Return whether a birth is noted although operations are not looked at: where looking has ended for a while, a few are."""
        window = self._deep.window
        return (window.deep_steps > 0 or window.is_shut) and self._late_births < MOST_LATE_BIRTHS

    def born(self, leaf: Leaf, data: Node | None, frame: FrameType) -> None:
        """Note that a parameter was made, of some value."""
        page = self.page(leaf.number)
        page.is_born = True
        page.in_forward = _is_in_forward(frame)
        if data is not None:
            page.contents, page.sources = contents_of(data)
        if not self._deep.tracer.looks:
            self._late_births += 1
            if self._late_looks < MOST_LATE_LOOKS and not self._deep.window.is_open:
                self._late_looks += 1
                self._deep.want(2)

    def registered(self, leaf: Leaf, module: torch.nn.Module, name: str) -> None:
        """Note that a module is about to register a parameter under a name."""
        old = module._parameters.get(name)
        before = None if old is None else self._deep.tracer.leaves.known(old)
        if old is not None and before is not leaf:
            self._replace([old], [self.page(leaf.number)], leaf.registered_at)

    def replaced(self, old: torch.Tensor, leaf: Leaf, place: Place) -> None:
        """Note that a leaf has taken the place of a parameter in its module."""
        self._replace([old], [self.page(leaf.number)], place)

    def module_registered(self, parent: torch.nn.Module, name: str, module: torch.nn.Module, frame: FrameType) -> None:
        """Note that a module is about to take the place of another one."""
        old = parent._modules.get(name)
        is_list = isinstance(parent, (torch.nn.ModuleList, torch.nn.ModuleDict))
        if is_list and old is not module and any(one is module for one in parent._modules.values()):
            place = self._deep.tracer.place(frame)
            numbers = [self._deep.tracer.leaves.of(one).number for one in module.parameters()]
            self.repeated.update(dict.fromkeys(numbers, place))
        if old is None or old is module:
            return
        leaves = self._deep.tracer.leaves
        new = [self.page(leaves.of(one).number) for one in module.parameters()]
        self._replace(list(old.parameters()), new, self._deep.tracer.place(frame))

    def _replace(self, old: Iterable[torch.Tensor], new: Sequence[Page], place: Place) -> None:
        leaves = self._deep.tracer.leaves
        before = [leaves.of(tensor) for tensor in old]
        after = [leaves.at(page.number) for page in new]
        again = {leaf.made for leaf in before} & {leaf.made for leaf in after} - {None}
        for leaf in before:
            if leaf not in after:
                page = self.page(leaf.number)
                page.replaced_at, page.is_remade = place, page.is_remade or leaf.made in again
        for leaf in after:
            if leaf not in before:
                page = self.page(leaf.number)
                page.replaces_at, page.is_remade = place, page.is_remade or leaf.made in again

    # What is done with leaves

    def optimizer_built(self, optimizer: torch.optim.Optimizer) -> None:
        """Note that an optimizer was built."""
        self._order[optimizer] = self._built
        self._built += 1
        self.renewals += 1
        self.owned(optimizer)

    def owned(self, optimizer: torch.optim.Optimizer) -> None:
        """Note what an optimizer owns."""
        leaves = self._deep.tracer.leaves
        for parameter in optimizer_parameters(optimizer):
            if isinstance(parameter, torch.Tensor):
                self.page(leaves.of(parameter).number).is_owned = True

    def order(self, optimizer: torch.optim.Optimizer) -> int:
        """Return how many optimizers were built before this one."""
        return self._order.get(optimizer, 0)

    def differentiated(self, inputs: object) -> None:
        """Note that `torch.autograd.grad` is asked for gradients of these."""
        for tensor in inputs if isinstance(inputs, (list, tuple)) else (inputs,):
            leaf = self._deep.tracer.leaves.known(tensor) if isinstance(tensor, torch.Tensor) else None
            if leaf is not None:
                self.page(leaf.number).is_differentiated = True
            elif isinstance(tensor, torch.Tensor) and tensor.is_leaf and self._deep.tracer.looks:
                self.page(self._deep.tracer.leaves.of(tensor).number).is_differentiated = True

    def loaded(self, module: torch.nn.Module) -> None:
        """Note that a module's values are loaded by `load_state_dict`."""
        leaves = self._deep.tracer.leaves
        for parameter in module.parameters():
            page = self.page(leaves.of(parameter).number)
            page.contents = "loaded"

    def written(self, leaf: Leaf, name: str, place: Place, sources: Sequence[Node | None], target: Node) -> None:
        """Note an in-place write of the script's to a leaf, through a tensor with a node."""
        self._deep.selves.written(leaf, name, place, sources, target)
        page = self.page(leaf.number)
        own = 1 << leaf.number
        contents = contents_after(name, sources, own)
        if contents is not None:
            page.contents, page.sources = contents
        step = self._deep.tracer.step
        if (
            self._deep.backwards
            and name.removeprefix(".data.") in OVERWRITES
            and step != page.last_overwritten
            and not is_of_now(sources, own, step)
        ):
            page.overwritten += 1
            page.overwritten_at, page.last_overwritten = place, step

    def gradient_read(self, tensor: torch.Tensor, frame: FrameType) -> None:
        """Note that the user's code itself reads a leaf's gradient."""
        tracer = self._deep.tracer
        leaf = tracer.leaves.known(tensor)
        if leaf is not None and not is_machinery(frame.f_code.co_filename):
            self._deep.taken.read(tensor)
        if leaf is None or not tracer.sites.is_user_file(frame.f_code.co_filename):
            return
        place = (frame.f_code, frame.f_lineno or 0)
        page = self.page(leaf.number)
        if page.is_owned:
            self.shared_reads.add(place)
            return
        if len(page.gradient_read_at) < MOST_READS:
            page.gradient_read_at.add(place)
        if tensor.grad is not None:
            self.keep_reading(tensor.grad, leaf.number)

    def keep_reading(self, gradient: object, number: int) -> None:
        """Follow a gradient of a leaf without an owner that the script has read, or what stands for it."""
        if isinstance(gradient, torch.Tensor) and len(self.read_gradients) < MOST_READ_GRADIENTS:
            self.read_gradients[id(gradient)] = (weakref.ref(gradient), number)

    def read_gradient(self, tensor: torch.Tensor) -> int | None:
        """Return whose gradient a tensor is, as far as the script has read it."""
        reference, number = self.read_gradients.get(id(tensor), (None, None))
        return number if reference is not None and reference() is tensor else None

    def gradient_set(self, value: object) -> None:
        """Note that something becomes the gradient of another tensor."""
        self._deep.taken.use(value)
        number = self.read_gradient(value) if isinstance(value, torch.Tensor) else None
        if number is not None:
            self.page(number).is_used = True

    def reaches(self, bits: int) -> None:
        """Note which leaves the backward reaches that is about to run."""
        self.now = bits
        self.read_gradients.clear()
        tracer = self._deep.tracer
        for number in positions_of(bits):
            page = self.page(number)
            if page.reached == 0 and not page.contents and not page.is_born:
                tensor = tracer.leaves.at(number).reference()
                node = None if tensor is None else tracer.node_of(tensor)
                if node is not None and node.operation != "parameter":
                    page.contents, page.sources = contents_of(node, 1 << number)
            page.note_reached(tracer.step)


def _is_in_forward(frame: FrameType | None) -> bool:
    """Return whether a module is being called."""
    while frame is not None:
        if frame.f_code is _CALL:
            return True
        frame = frame.f_back
    return False

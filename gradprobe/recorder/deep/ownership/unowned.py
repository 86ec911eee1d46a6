"""What is said of leaves that a loss trains and no optimizer owns."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from gradprobe.recorder.deep.node import FROZEN, Place, positions_of
from gradprobe.recorder.deep.ownership.holders import Holding, holdings, registered
from gradprobe.recorder.layout import optimizer_parameters
from gradprobe.values import Observation, RelatedSite

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.ownership.page import Page
    from gradprobe.values.observations import Detail

WHAT: Final = "unowned-parameter"
"""An observation of such a leaf; see `_detail` for what it says."""
ANEW: Final = "made anew here"
"""Role of the line that called a function which made this leaf, and one that the optimizer holds before."""
MOST: Final = 1024
"""Leaves that are told of."""
MOST_LOOKS: Final = 8
"""Times that names are looked for at once because a leaf has none."""


class _Owned(NamedTuple):
    """A parameter of an optimizer: its shape, the newest step in which a loss reached it, whether a known module has it."""

    shape: tuple[int, ...]
    last_reached: int
    is_in_module: bool


@dataclass(slots=True)
class _Owner:
    """A living optimizer that has stepped.

    Attributes:
        number: Its number in the record.
        order: Optimizers that were built before it.
        bits: The leaves it owns.
        trained: Those of them that require a gradient.
    """

    number: int
    order: int
    bits: int
    trained: list[_Owned]

    def unreached(self, since: int) -> list[_Owned]:
        """Return those that no loss has reached since a step."""
        return [one for one in self.trained if one.last_reached < since]


class Unowned:
    """Tells of such leaves, once for each, and again when something about it has changed."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._told: dict[int, Observation] = {}
        self._holdings: dict[int, Holding] = {}
        self._looks = 0
        self._is_over = False

    def write(self, optimizers: Sequence[torch.optim.Optimizer], *, is_over: bool) -> None:
        """Note what is known of them now.

        Args:
            optimizers: Those that are alive.
            is_over: Whether the run has ended: the mode that its last evaluation left modules in is not the one they train in.
        """
        deep = self._deep
        self._is_over = is_over
        for optimizer in optimizers:
            deep.books.owned(optimizer)
        pages = [page for page in deep.books.pages.values() if page.reached and self._is_worth_a_word(page)]
        if not pages:
            return
        roots = [(name, root) for name, root in deep.layout.living_roots() if isinstance(root, torch.nn.Module)]
        in_modules, evaluating = registered(roots)
        self._name(pages, roots, in_modules)
        owners = self._owners(optimizers, in_modules)
        kin = self._kin(roots)
        for page in pages[:MOST]:
            self._tell(page, owners, evaluating, kin)

    def _is_worth_a_word(self, page: Page) -> bool:
        return not page.is_owned or page.number in self._told

    def _name(self, pages: list[Page], roots: list[tuple[str, torch.nn.Module]], in_modules: set[int]) -> None:
        """Give positions to leaves that are held by modules without having been registered."""
        deep = self._deep
        nameless: list[tuple[Page, torch.Tensor]] = []
        for page in pages:
            tensor = deep.tracer.leaves.at(page.number).reference()
            if tensor is not None and page.number not in self._holdings and deep.layout.position(tensor) is None:
                nameless.append((page, tensor))
        if not nameless:
            return
        held = holdings(roots)
        for page, tensor in nameless:
            holding = held.get(id(tensor))
            if holding is not None and id(tensor) not in in_modules:
                self._holdings[page.number] = holding
                deep.layout.adopt(holding.name, tensor)
            elif deep.tracer.leaves.at(page.number).is_parameter and self._looks < MOST_LOOKS:
                self._looks += 1
                deep.layout.look_soon()

    def _owners(self, optimizers: Sequence[torch.optim.Optimizer], in_modules: set[int]) -> list[_Owner]:
        deep = self._deep
        found = []
        for optimizer in optimizers:
            number = deep.layout.number_of(optimizer)
            if number is None:
                continue
            owner = _Owner(number, deep.books.order(optimizer), 0, [])
            for parameter in optimizer_parameters(optimizer):
                bit = deep.tracer.leaves.of(parameter).number
                owner.bits |= 1 << bit
                if parameter.requires_grad:
                    last = deep.books.page(bit).last_reached
                    owner.trained.append(_Owned(tuple(parameter.shape), last, id(parameter) in in_modules))
            found.append(owner)
        return found

    def _kin(self, roots: list[tuple[str, torch.nn.Module]]) -> dict[int, bool]:
        """Return by identity whether a parameter's root holds others that an optimizer owns."""
        leaves, books = self._deep.tracer.leaves, self._deep.books
        found: dict[int, bool] = {}
        for _, root in roots:
            own = list(root.parameters())
            owned = any((leaf := leaves.known(one)) is not None and books.page(leaf.number).is_owned for one in own)
            found.update((id(one), owned) for one in own)
        return found

    def _tell(self, page: Page, owners: list[_Owner], evaluating: set[int], kin: dict[int, bool]) -> None:
        deep = self._deep
        leaf = deep.tracer.leaves.at(page.number)
        tensor = leaf.reference()
        owner = self._suspect(page, owners, () if tensor is None else tuple(tensor.shape))
        before = self._told.get(page.number)
        detail = self._detail(page, owner)
        if tensor is not None:
            known = before is not None and self._is_over and "evaluates" in before.detail
            detail["evaluates"] = before.detail["evaluates"] if before and known else id(tensor) in evaluating
            detail["kin"] = kin.get(id(tensor), page.number in self._holdings)
        elif before is not None:
            detail.update((key, before.detail[key]) for key in ("evaluates", "kin") if key in before.detail)
        if owner is None and before is not None:  # The training it was part of is over.
            detail.update((key, value) for key, value in before.detail.items() if key in _OF_OWNER)
        site = deep.site(leaf.made)
        related = [RelatedSite(deep.site(page.replaces_at), "replaced here")] if page.replaces_at else []
        apart = self._made_apart(page, owner)
        if apart is not None:
            related.append(RelatedSite(deep.site(apart), ANEW))
        elif owner is None and before is not None:
            related += [one for one in before.related if one.role == ANEW]
        holder = self._held_at(page)
        if holder is not None:
            related.append(RelatedSite(deep.site(holder), "kept here"))
        observation = Observation(
            WHAT, site, tuple(related), (deep.name_of(page.number),), detail, key=str(page.number)
        )
        if observation != before:
            self._told[page.number] = observation
            deep.observe(observation)

    def _detail(self, page: Page, owner: _Owner | None) -> dict[str, Detail]:
        deep = self._deep
        leaf = deep.tracer.leaves.at(page.number)
        holding = self._holdings.get(page.number)
        unreached = [] if owner is None else owner.unreached(page.first_reached)
        return {
            "is_owned": page.is_owned,
            "is_parameter": leaf.is_parameter,
            "reached": page.reached,
            "first_reached": page.first_reached,
            "last_reached": page.last_reached,
            "flowing": page.flowing,
            "compared": page.compared,
            "changed": page.changed,
            "written": leaf.written,
            "contents": page.contents,
            "of_torch": leaf.of_torch,
            "copied_from": self._copied_from(page),
            "is_remade": page.is_remade,
            "in_forward": page.in_forward,
            "is_differentiated": page.is_differentiated,
            "is_read": bool(page.gradient_read_at - deep.books.shared_reads),
            "is_used": page.is_used,
            "replaces": page.replaces_at is not None,
            "held": "" if holding is None else holding.kind,
            "holder": "" if holding is None else holding.attribute,
            "elements": 0 if (tensor := leaf.reference()) is None else tensor.numel(),
            "optimizer": None if owner is None else owner.number,
            "late": owner is not None and page.is_born and page.optimizers_before > owner.order,
            "gone": sum(not one.is_in_module for one in unreached),
            "unreached": len(unreached),
            "owns": 0 if owner is None else len(owner.trained),
        }

    def _copied_from(self, page: Page) -> str:
        """Return whether an optimizer owns what it was copied from: `reached`, `owned`, `unowned`, or empty."""
        deep = self._deep
        reached = 0
        for reach in deep.reaches:
            reached |= reach.reached
        seen = 0
        queue = page.sources
        answer = ""
        while queue:
            seen |= queue
            following = 0
            for number in positions_of(queue):
                source = deep.books.page(number)
                if source.is_owned:
                    return "reached" if reached & queue else "owned"
                answer = "unowned"
                following |= source.sources
            queue = following & ~seen
        return answer

    def _suspect(self, page: Page, owners: list[_Owner], shape: tuple[int, ...]) -> _Owner | None:
        """Return the optimizer that would have been given it: the one that owns most of what the same losses reach."""
        bit = 1 << page.number
        votes = [0.0] * len(owners)
        everything = 0
        for reach in self._deep.reaches:
            bits = reach.reached
            everything |= bits
            for number, cut in reach.cuts.items():
                if number != FROZEN and number in self._deep.tracer.handed_over:
                    bits |= cut
            if bits & bit:
                for index, owner in enumerate(owners):
                    votes[index] += (reach.reached & owner.bits).bit_count()
        for index, owner in enumerate(owners):
            is_alike = any(one.shape == shape for one in owner.unreached(page.first_reached))
            votes[index] += 0.5 * is_alike + 1e-6 * (everything & owner.bits).bit_count()
        return max(zip(votes, owners, strict=True), key=lambda pair: pair[0], default=(0.0, None))[1]

    def _made_apart(self, page: Page, owner: _Owner | None) -> Place:
        """Return the line that made it, and not what the optimizer holds, where one function made both: a builder of models."""
        leaves = self._deep.tracer.leaves
        chain = leaves.at(page.number).made_chain
        if owner is None or not chain:
            return None
        others = {place for number in positions_of(owner.bits) for place in leaves.at(number).made_chain}
        apart = next((place for place in chain if place not in others), None)
        return None if apart == chain[0] else apart

    def _held_at(self, page: Page) -> Place:
        """Return the line in the class of the holder that made it."""
        holding = self._holdings.get(page.number)
        if holding is None:
            return None
        for place in self._deep.tracer.leaves.at(page.number).made_chain:
            assert place is not None
            function = getattr(place[0], "co_qualname", "")
            if any(function.startswith(f"{name}.") for name in holding.classes):
                return place
        return None


_OF_OWNER: Final = ("optimizer", "late", "gone", "unreached", "owns")

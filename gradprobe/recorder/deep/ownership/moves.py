"""What is said of parameters that their optimizer steps and that do not move, or whose changes do not last."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.layout import optimizer_parameters
from gradprobe.values import Observation, RelatedSite

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.leaves import Leaf
    from gradprobe.recorder.deep.ownership.samples import Tally
    from gradprobe.values import Site
    from gradprobe.values.observations import Detail

WHAT: Final = "sampled-steps"
"""An observation of a parameter of which a few elements were sampled around its optimizer's steps; the fields of `Tally`, and
`optimizer` (its number), `dtype`, `overwritten` (steps in which the script put other values in its place). Related sites:
`overwritten here`, and `cast here`, the newest line that replaced its data, and
`written here`, the newest line of the script's that wrote to it since training began; `optimizer's step`, where that is the script's."""
MORE: Final = 5
"""Deep steps that are asked for when the first parameter is worth a word."""
MOST: Final = 512
"""Parameters of one optimizer that are told of."""


class Moves:
    """Tells of all parameters of an optimizer that are sampled, as soon as one of them is worth a word."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._told: dict[int, Observation] = {}
        self._dtypes: dict[int, str] = {}
        self._followed: dict[int, int] = {}
        self._own_steps: dict[int, Site | None] = {}
        self._asked = False

    def write(self, optimizers: Sequence[torch.optim.Optimizer]) -> None:
        """Note what is known now.

        Args:
            optimizers: Those that are alive.
        """
        deep = self._deep
        for optimizer in optimizers:
            number = deep.layout.number_of(optimizer)
            leaves = [deep.tracer.leaves.of(one) for one in optimizer_parameters(optimizer)]
            found = [(leaf, tally) for leaf in leaves if (tally := deep.samples.tallies.get(leaf.number)) is not None]
            if number is not None and any(
                tally.still or tally.lost or 2 * tally.kept > tally.due for _, tally in found
            ):
                self._followed.update((leaf.number, number) for leaf, _ in found[:MOST])
                self._own_steps[number] = self._own_step(optimizer)
        if self._followed and not self._asked:
            self._asked = True
            deep.want(MORE)
        for leaf_number, number in self._followed.items():
            self._tell(deep.tracer.leaves.at(leaf_number), deep.samples.tallies[leaf_number], number)

    def _own_step(self, optimizer: torch.optim.Optimizer) -> Site | None:
        """Return where an optimizer's step is defined, if that is in the user's code."""
        code = getattr(inspect.unwrap(type(optimizer).step), "__code__", None)
        if code is None or not self._deep.tracer.sites.is_user_file(code.co_filename):
            return None
        return self._deep.line_site(code.co_filename, code.co_firstlineno, getattr(code, "co_qualname", code.co_name))

    def _tell(self, leaf: Leaf, tally: Tally, optimizer: int) -> None:
        deep = self._deep
        if not tally.steps and not tally.pairs:
            return
        page, tensor = deep.books.page(leaf.number), leaf.reference()
        if tensor is not None:
            self._dtypes[leaf.number] = str(tensor.dtype).removeprefix("torch.")
        related = []
        if page.overwritten_at is not None:
            related.append(RelatedSite(deep.site(page.overwritten_at), "overwritten here"))
        cast = next((one.place for one in reversed(leaf.writes) if one.operation.endswith("data")), None)
        if cast is not None:
            related.append(RelatedSite(deep.site(cast), "cast here"))
        if leaf.written:
            related.append(RelatedSite(deep.site(leaf.writes[-1].place), "written here"))
        own_step = self._own_steps.get(optimizer)
        if own_step is not None:
            related.append(RelatedSite(own_step, "optimizer's step"))
        detail: dict[str, Detail] = {
            "due": tally.due,
            "kept": tally.kept,
            "coarse": tally.coarse,
            "steps": tally.steps,
            "still": tally.still,
            "pairs": tally.pairs,
            "lost": tally.lost,
            "undone": tally.undone,
            "rate": tally.rate,
            "optimizer": optimizer,
            "dtype": self._dtypes.get(leaf.number, ""),
            "overwritten": page.overwritten,
        }
        names = (deep.name_of(leaf.number),)
        observation = Observation(WHAT, deep.site(leaf.made), tuple(related), names, detail, key=str(leaf.number))
        if observation != self._told.get(leaf.number):
            self._told[leaf.number] = observation
            deep.observe(observation)

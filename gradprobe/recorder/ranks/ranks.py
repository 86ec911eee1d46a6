"""What this rank notes for the others to be held against: which rank it is, digests, and how wrapped models are used."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import FrameType
from typing import TYPE_CHECKING, Final

import torch
import torch.distributed

from gradprobe.recorder.ranks.digest import Digest
from gradprobe.recorder.ranks.pace import Pace
from gradprobe.recorder.ranks.wrappers import BYPASSED, CALLED, UNSYNCED, Wrapper, Wrappers, parameters_of
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.record.writer import RecordWriter
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.layout import Bound

FIRST: Final = 4
"""Steps from the start that are digested all; after them those whose number is a power of two."""
FURTHEST: Final = 4096
"""Digested steps are at most so far apart."""
MOST_AGAIN: Final = 64
"""Times that weights are digested again after a step that averaged nothing: at an evaluation, and at the end."""
MOST_INPUTS: Final = 64
"""Tensors of one batch that are digested."""


class Ranks:
    """Notes nothing, and costs a comparison a step, in a process that is in no group.

    Attributes:
        world: Processes of the default group; 1 where there is none.
        wrappers: Models wrapped in DistributedDataParallel.
    """

    def __init__(self, writer: RecordWriter, deep: Deep) -> None:
        self.world = 1
        self.wrappers = Wrappers()
        self._pace = Pace()
        self._writer = writer
        self._deep = deep
        self._pending: list[tuple[int, str, list[int], Digest]] = []
        self._batched = -1
        self._sharded: dict[int, int] = {}
        self._unaveraged: tuple[int, Bound] | None = None
        self._again = 0

    # What hooks report

    def look_for_group(self) -> None:
        """Note which rank this is, as soon as it is known."""
        if self.world == 1 and torch.distributed.is_available() and torch.distributed.is_initialized():
            self.world = torch.distributed.get_world_size()
            rank = torch.distributed.get_rank()
            self._writer.set_facts({"rank": rank, "world": self.world, "grouped": True})

    def backward_begins(self) -> None:
        """Note that a backward begins."""
        if self.world > 1:
            self._pace.backward_begins()

    def backward_ended(self) -> None:
        """Note that it has ended."""
        if self.world > 1:
            self._pace.backward_ended()

    def forward_begins(
        self, wrapper: torch.nn.Module, frame: FrameType | None, step: int, site: Callable[[], Site]
    ) -> None:
        """Note that a wrapper's forward runs, and what it was given.

        Args:
            wrapper: The wrapper.
            frame: The frame of torch that calls the wrapped model, whose locals are `inputs` and `kwargs`.
            step: The step that is being made.
            site: Returns the user's line that calls the wrapper.
        """
        known = self.wrappers.of(wrapper)
        if known is None:
            return
        if not torch.is_grad_enabled():
            self._digest_again()
            return
        known.is_inside = True
        known.forwards += 1
        known.forwards_of_step += 1
        known.synced += bool(getattr(wrapper, "require_backward_grad_sync", True))
        self.look_for_group()
        if frame is not None and self.world > 1 and self._batched != step and is_due(step):
            self._batched = step
            if step < FIRST:
                self._deep.observe(Observation(CALLED, site()))
            given = frame.f_locals
            self._digest(
                step, "batch", [], list(islice(_tensors_in((given.get("inputs"), given.get("kwargs"))), MOST_INPUTS))
            )

    def forward_ended(self, wrapper: torch.nn.Module) -> None:
        """Note that a wrapper's forward has ended."""
        known = self.wrappers.of(wrapper)
        if known is not None:
            known.is_inside = False

    def backward_reaches(self, bits: int, site: Site) -> None:
        """Note a backward that reaches wrapped parameters although no forward of the wrapper has prepared it, in a deep step."""
        leaves = self._deep.tracer.leaves
        for wrapper, known in self.wrappers.living():
            reached = any(
                bits >> leaf.number & 1 for one in parameters_of(wrapper) if (leaf := leaves.known(one)) is not None
            )
            if not reached:
                continue
            if not known.forwards and getattr(wrapper, "require_backward_grad_sync", True):
                self._note_bypass(wrapper, known, site)
            known.forwards, known.used_at = 0, None
        self.wrappers.await_uses(self._deep)

    def _note_bypass(self, wrapper: torch.nn.Module, known: Wrapper, site: Site) -> None:
        related = (RelatedSite(site, "backward"), RelatedSite(known.built, "wrapped here"))
        detail: dict[str, Detail] = {"module": type(wrapper.module).__name__, "called": known.used_at is not None}
        self._deep.observe(Observation(BYPASSED, known.used_at or site, related, detail=detail))

    def stepped(self, step: int, bound: Bound, site: Site) -> None:
        """Digest parameters and gradients after an optimizer's step, where that is due.

        Args:
            step: The step.
            bound: The optimizer.
            site: The user's line that steps it.
        """
        self.look_for_group()
        if self.world == 1:
            return
        if self._pending:
            self._write(step)
        wrapped, averaged, waited = self._settle_wrappers(site)
        self._pace.stepped(step, counts=waited and not self._deep.window.is_open)
        self._unaveraged = None if averaged else (step, bound)
        if not is_due(step):
            return
        self._note_pace()
        positions, parameters = (
            bound.positions,
            [one for reference in bound.references if (one := reference()) is not None],
        )
        if len(parameters) != len(positions):
            return
        self._note_shards(positions, parameters)
        for kind, chosen in (("wrapped", True), ("plain", False)):
            places = [at for at, one in enumerate(parameters) if (id(one) in wrapped) is chosen]
            if places:
                where, what = [positions[at] for at in places], [parameters[at] for at in places]
                self._digest(step, f"{kind}-parameters", where, what)
                self._digest(step, f"{kind}-gradients", where, [one.grad for one in what])

    def _digest_again(self, *, at_end: bool = False) -> None:
        """Digest the weights once more after a step that averaged no gradients: the script may have averaged weights since."""
        if self._unaveraged is None or (self._again >= MOST_AGAIN and not at_end):
            return
        (step, bound), self._unaveraged = self._unaveraged, None
        wrapped = {id(one) for wrapper, _ in self.wrappers.living() for one in parameters_of(wrapper)}
        pairs = [(at, reference()) for at, reference in zip(bound.positions, bound.references, strict=True)]
        kept = [(at, one) for at, one in pairs if one is not None and id(one) in wrapped]
        if kept:
            self._again += 1
            self._digest(step, "wrapped-parameters", [at for at, _ in kept], [one for _, one in kept])

    def _settle_wrappers(self, site: Site) -> tuple[set[int], bool, bool]:
        """Note the wrappers that were told not to average before this step.

        Returns:
            The identities of all wrapped parameters, whether there were none such, and whether this process has waited for averages.
        """
        wrapped: set[int] = set()
        averaged, waited = True, False
        for wrapper, known in self.wrappers.living():
            wrapped.update(map(id, parameters_of(wrapper)))
            if known.no_sync_at is not None and known.forwards_of_step and not known.synced:
                self._deep.observe(Observation(UNSYNCED, known.no_sync_at, (RelatedSite(site, "optimizer step"),)))
                averaged = False
            # On another device it is that device which waits, and the host only when it reads a number.
            waited = waited or (known.synced > 0 and wrapper.device_type == "cpu")
            known.forwards_of_step = known.synced = 0
        return wrapped, averaged, waited

    # To the record

    def _note_pace(self) -> None:
        pace = self._pace.fact()
        if pace is not None:
            self._writer.set_facts({"pace": pace})

    def _digest(self, step: int, what: str, positions: list[int], tensors: Sequence[torch.Tensor | None]) -> None:
        self._pending.append((step, what, positions, Digest(tensors)))

    def _note_shards(self, positions: Sequence[int], parameters: Sequence[torch.Tensor]) -> None:
        """Note of how many parts each sharded parameter is: its norms are those of this rank's part."""
        known = len(self._sharded)
        for position, parameter in zip(positions, parameters, strict=True):
            parts = parts_of(parameter)
            if parts > 1:
                self._sharded[position] = parts
        if len(self._sharded) != known:
            self._writer.set_facts({"sharded": [list(one) for one in self._sharded.items()]})

    def _write(self, step: int) -> None:
        left = []
        for at, what, positions, digest in self._pending:
            if digest.is_ready(step - at):
                digest.read()
                self._writer.put_digest(at, what, positions, digest.bits, digest.norms)
            else:
                left.append((at, what, positions, digest))
        self._pending = left

    def close(self) -> None:
        """Write what is still on its way."""
        self._digest_again(at_end=True)
        self._note_pace()
        for at, what, positions, digest in self._pending:
            digest.read()
            self._writer.put_digest(at, what, positions, digest.bits, digest.norms)
        self._pending = []


def is_due(step: int) -> bool:
    """Return whether a step, counted from 0, is digested: the same steps on every rank."""
    return step < FIRST or (step & (step - 1)) == 0 or step % FURTHEST == 0


def parts_of(parameter: torch.Tensor) -> int:
    """Return of how many parts a parameter is, each on ranks of its own; 1 for one that every rank has whole."""
    mesh = getattr(parameter, "device_mesh", None)
    placements = getattr(parameter, "placements", ())
    if mesh is None:
        return 1
    return math.prod(mesh.size(at) for at, placement in enumerate(placements) if placement.is_shard())


def _tensors_in(value: object) -> Iterator[torch.Tensor]:
    """Yield the tensors in what a model was given: tuples, lists and mappings, a few levels deep."""
    if isinstance(value, torch.Tensor):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _tensors_in(inner)
    elif isinstance(value, (tuple, list)):
        for inner in value:
            yield from _tensors_in(inner)

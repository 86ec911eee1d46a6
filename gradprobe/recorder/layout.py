"""Which parameter stands where in the vectors of a step, under which name, and who owns it.

A position belongs to a name: a parameter that is replaced by another of the same name goes on in the same column. Nothing
here holds a tensor, a module or an optimizer alive.
"""

from __future__ import annotations

import itertools
import time
import weakref
from collections.abc import Iterable
from dataclasses import replace
from operator import is_
from types import FrameType
from typing import Final

import torch
from torch.nn.parameter import UninitializedParameter

from gradprobe.record.rows import ModuleRow, OptimizerRow, ParameterRow
from gradprobe.record.writer import RecordWriter
from gradprobe.recorder.naming import Named, Root, find_named
from gradprobe.recorder.sites import Sites
from gradprobe.values import Site

MOST_PARAMETERS: Final = 200_000
"""Differently named parameters that one record can hold; beyond, recording ends with a word."""


class Bound:
    """An optimizer as it was when it last stepped.

    Attributes:
        number: Its number in the record.
        positions: Positions of its parameters.
        columns: Columns of its groups' learning rates.
    """

    __slots__ = ("columns", "number", "positions", "references", "trainable")

    def __init__(self, number: int) -> None:
        self.number = number
        self.positions: list[int] = []
        self.columns: list[int] = []
        self.references: list[weakref.ref[torch.Tensor]] = []
        self.trainable: list[bool] = []

    def holds(self, parameters: list[torch.Tensor]) -> bool:
        """Return whether these are the very parameters it was bound with."""
        if len(parameters) != len(self.references):
            return False
        return all(map(is_, [reference() for reference in self.references], parameters))


class Layout:
    """Gives parameters, optimizers and groups their positions, and tells the record about them."""

    def __init__(self, writer: RecordWriter, sites: Sites) -> None:
        self._writer = writer
        self._sites = sites
        self.parameters: list[ParameterRow] = []
        self.orphans: list[tuple[int, weakref.ref[torch.Tensor]]] = []
        self.groups = 0
        self._references: list[weakref.ref[torch.Tensor]] = []
        self._by_name: dict[str, int] = {}
        self._by_id: dict[int, int] = {}
        self._ids: list[int] = []
        self._roots: dict[str, weakref.ref[Root]] = {}
        self._trees: dict[str, dict[str, tuple[str, list[int]]]] = {}
        self._bound: weakref.WeakKeyDictionary[torch.optim.Optimizer, Bound] = weakref.WeakKeyDictionary()
        self._owners: dict[tuple[str, Site | None], list[tuple[weakref.ref[torch.optim.Optimizer], int]]] = {}
        self._optimizers = 0
        self._group_columns: dict[int, list[int]] = {}
        self._told: list[ModuleRow] = []
        self._born = False
        self._look_after = 0.0

    def parameters_born(self) -> None:
        """Note that modules got new parameters, whose names are to be looked for."""
        self._born = True

    def is_time_to_look(self) -> bool:
        """Return whether names are to be looked for again: parameters were born, and the last look was a second ago."""
        now = time.perf_counter()
        if not self._born or now < self._look_after:
            return False
        self._born = False
        self._look_after = now + 1.0
        return True

    def look_soon(self) -> None:
        """Have names looked for at the next step, however long ago the last look was."""
        self._born, self._look_after = True, 0.0

    def living_roots(self) -> list[tuple[str, Root]]:
        """Return the roots that are alive, with their names."""
        return [(name, root) for name, reference in self._roots.items() if (root := reference()) is not None]

    def root_of(self, name: str) -> str | None:
        """Return the name of the root that a parameter lies below, by its name; None where there is none."""
        return next((root for root in self._roots if name.startswith(f"{root}.")), None)

    def adopt(self, name: str, parameter: torch.Tensor) -> None:
        """Give a position to a parameter that is part of no module, and that no optimizer owns."""
        position = self._place(name, "", parameter)
        if self.parameters[position].optimizer is None:
            self.orphans.append((position, self._references[position]))

    def position(self, parameter: torch.Tensor) -> int | None:
        """Return the position of a parameter, or None where it has none yet."""
        position = self._by_id.get(id(parameter))
        return position if position is not None and self._references[position]() is parameter else None

    @property
    def roots(self) -> dict[str, list[int]]:
        """Positions of the parameters below each root, by the root's name."""
        return {name: tree[""][1] for name, tree in self._trees.items() if "" in tree}

    def find(
        self, frame: FrameType | None, optimizers: Iterable[torch.optim.Optimizer]
    ) -> list[tuple[int, torch.Tensor]]:
        """Look for names from a frame outward; return the living parameters that can be trained, with their positions.

        Args:
            frame: Where to begin.
            optimizers: Those that were built, which say what is trained; without any, each leaf that requires a gradient may be.
        """
        owned = {id(parameter) for optimizer in optimizers for parameter in optimizer_parameters(optimizer)}
        self._find(frame, trained=owned or None)
        return self.alive()

    def alive(self) -> list[tuple[int, torch.Tensor]]:
        """Return the living parameters that can be trained, with their positions."""
        found = ((position, reference()) for position, reference in enumerate(self._references))
        return [
            (position, parameter) for position, parameter in found if parameter is not None and parameter.requires_grad
        ]

    def stepped(self) -> list[torch.optim.Optimizer]:
        """Return the living optimizers that have stepped before."""
        return list(self._bound)

    def number_of(self, optimizer: torch.optim.Optimizer) -> int | None:
        """Return the number of an optimizer that has stepped before."""
        bound = self._bound.get(optimizer)
        return None if bound is None else bound.number

    def bind(
        self,
        optimizer: torch.optim.Optimizer,
        parameters: list[torch.Tensor],
        frame: FrameType | None,
        built: Site | None,
    ) -> Bound:
        """Return what is known of an optimizer and its parameters, looking only where something has changed.

        Args:
            optimizer: The optimizer that is about to step.
            parameters: All its parameters, group by group.
            frame: Where it steps, for the names.
            built: Where it was built.
        """
        bound = self._bound.get(optimizer)
        if bound is not None and bound.holds(parameters) and len(optimizer.param_groups) == len(bound.columns):
            if self.is_time_to_look():
                self._find(frame, trained=set(map(id, parameters)))
            self._note_trainable(bound, parameters)
            return bound
        self._find(frame, trained=set(map(id, parameters)))
        if bound is None:
            bound = self._bound[optimizer] = Bound(self._number(optimizer, built))
        self._name_rest(bound, optimizer, parameters)
        bound.references = [weakref.ref(parameter) for parameter in parameters]
        bound.positions = [self._by_id[id(parameter)] for parameter in parameters]
        bound.trainable = [parameter.requires_grad for parameter in parameters]
        self._own(optimizer, bound)
        self._forget_inputs()
        row = OptimizerRow(type(optimizer).__name__, built, _settings(optimizer))
        self._writer.put_optimizer(bound.number, row, bound.columns)
        self._tell_modules()
        return bound

    def _find(self, frame: FrameType | None, *, trained: set[int] | None) -> None:
        for named in find_named(frame, self._sites):
            if trained is not None and type(named.root) is torch.Tensor and id(named.root) not in trained:
                continue  # An input that requires a gradient: a penalty's, a cached activation.
            name = self._root_name(named)
            if isinstance(named.root, torch.nn.Module):
                self._note_module(name, named.root)
            else:
                self._note_bare(name, named.root)
        self.orphans = [
            (position, self._references[position])
            for position, row in enumerate(self.parameters)
            if row.optimizer is None and self._references[position]() is not None
        ]
        self._tell_modules()

    def _root_name(self, named: Named) -> str:
        """Return the name it has; or the best that no other living object has, or one with a number."""
        known = next((name for name, holder in self._roots.items() if holder() is named.root), None)
        if known is not None:
            return known
        names = named.names or [type(named.root).__name__]
        candidates = itertools.chain(names, (f"{names[0]}#{number}" for number in itertools.count(2)))
        name = next(name for name in candidates if self._is_free(name))
        self._roots[name] = weakref.ref(named.root)
        return name

    def _is_free(self, name: str) -> bool:
        holder = self._roots.get(name)
        return holder is None or holder() is None or not self._is_owned(name)

    def _is_owned(self, name: str) -> bool:
        """Return whether some parameter of a known root is still alive and in the hands of a living optimizer."""
        owned = {
            id(reference())
            for bound in list(self._bound.values())
            for reference in bound.references
            if reference() is not None
        }
        return any(
            id(self._references[position]()) in owned
            for _, positions in self._trees.get(name, {}).values()
            for position in positions
        )

    def _note_module(self, name: str, root: torch.nn.Module) -> None:
        types = {path: type(module).__name__ for path, module in root.named_modules()}
        tree: dict[str, tuple[str, list[int]]] = {}
        for path, parameter in root.named_parameters():
            holder = path.rpartition(".")[0]
            position = self._place(f"{name}.{path}", f"{name}.{holder}" if holder else name, parameter)
            parts = holder.split(".") if holder else []
            for depth in range(len(parts) + 1):
                prefix = ".".join(parts[:depth])
                tree.setdefault(prefix, (types.get(prefix, ""), []))[1].append(position)
        if tree:
            self._trees[name] = tree

    def _note_bare(self, name: str, parameter: torch.Tensor) -> None:
        position = self._place(name, "", parameter)
        self._trees[name] = {"": (type(parameter).__name__, [position])}

    def _name_rest(self, bound: Bound, optimizer: torch.optim.Optimizer, parameters: list[torch.Tensor]) -> None:
        """Place parameters that no frame has a name for: by the names the optimizer was given, or by their number in it."""
        given = [name for group in optimizer.param_groups for name in group.get("param_names", ())]
        kind = type(optimizer).__name__
        root = f"{kind}.params" if bound.number == 0 else f"{kind}#{bound.number}.params"
        unnamed: list[int] = []
        for position, parameter in enumerate(parameters):
            if self.position(parameter) is None:
                name = given[position] if len(given) == len(parameters) else f"{root}.{position}"
                unnamed.append(self._place(name, "", parameter))
        if unnamed:
            self._trees[root] = {"": ("", unnamed)}

    def _place(self, name: str, module: str, parameter: torch.Tensor) -> int:
        known = self.position(parameter)
        if known is not None:
            return known
        position = self._by_name.get(name)
        if position is None:
            if len(self.parameters) >= MOST_PARAMETERS:
                raise OverflowError(f"more than {MOST_PARAMETERS} differently named parameters")
            position = self._by_name[name] = len(self.parameters)
            self.parameters.append(_row(name, module, parameter, 1))
            self._references.append(weakref.ref(parameter))
            self._ids.append(id(parameter))
        else:
            if self._by_id.get(self._ids[position]) == position:  # The id of a dead one may be another's by now.
                del self._by_id[self._ids[position]]
            self._ids[position] = id(parameter)
            self.parameters[position] = _row(name, module, parameter, self.parameters[position].objects + 1)
            self._references[position] = weakref.ref(parameter)
        self._by_id[id(parameter)] = position
        self._writer.put_parameters({position: self.parameters[position]})
        return position

    def _number(self, optimizer: torch.optim.Optimizer, built: Site | None) -> int:
        """Return a number for a new optimizer: that of a dead one of its kind from the same line, or the next."""
        owners = self._owners.setdefault((type(optimizer).__name__, built), [])
        for index, (reference, number) in enumerate(owners):
            if reference() is None:
                owners[index] = (weakref.ref(optimizer), number)
                return number
        number, self._optimizers = self._optimizers, self._optimizers + 1
        owners.append((weakref.ref(optimizer), number))
        return number

    def _own(self, optimizer: torch.optim.Optimizer, bound: Bound) -> None:
        columns = self._group_columns.setdefault(bound.number, [])
        while len(columns) < len(optimizer.param_groups):
            columns.append(self.groups)
            self.groups += 1
        bound.columns = columns[: len(optimizer.param_groups)]
        position = 0
        for column, group in zip(bound.columns, optimizer.param_groups, strict=True):
            for _ in group["params"]:
                self._change(bound.positions[position], optimizer=bound.number, group=column)
                position += 1
        self.orphans = [
            (place, reference) for place, reference in self.orphans if self.parameters[place].optimizer is None
        ]

    def _forget_inputs(self) -> None:
        """Take leaves that are no parameters out of the table, now that an optimizer has said what is trained."""
        for name, tree in list(self._trees.items()):
            kind, positions = tree.get("", ("", []))
            if kind == "Tensor" and all(self.parameters[position].optimizer is None for position in positions):
                del self._trees[name]

    def _note_trainable(self, bound: Bound, parameters: list[torch.Tensor]) -> None:
        trainable = [parameter.requires_grad for parameter in parameters]
        if trainable != bound.trainable:
            bound.trainable = trainable
            for place, value in zip(bound.positions, trainable, strict=True):
                self._change(place, trainable=value)

    def _change(
        self, place: int, *, optimizer: int | None = None, group: int | None = None, trainable: bool | None = None
    ) -> None:
        row = self.parameters[place]
        changed = replace(
            row,
            optimizer=row.optimizer if optimizer is None else optimizer,
            group=row.group if group is None else group,
            trainable=row.trainable if trainable is None else trainable,
        )
        if changed != row:
            self.parameters[place] = changed
            self._writer.put_parameters({place: changed})

    def _tell_modules(self) -> None:
        rows = [
            ModuleRow(f"{name}.{path}" if path else name, kind, path.count(".") + 1 if path else 0, tuple(positions))
            for name, tree in self._trees.items()
            for path, (kind, positions) in tree.items()
        ]
        if rows != self._told:
            self._told = rows
            self._writer.put_modules(rows)


def optimizer_parameters(optimizer: torch.optim.Optimizer) -> list[torch.Tensor]:
    """Return all parameters of an optimizer, group by group."""
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _row(name: str, module: str, parameter: torch.Tensor, objects: int) -> ParameterRow:
    return ParameterRow(
        name=name,
        module=module,
        shape=tuple(parameter.shape) if not isinstance(parameter, UninitializedParameter) else (),
        dtype=str(parameter.dtype).removeprefix("torch."),
        device=str(parameter.device),
        trainable=parameter.requires_grad,
        optimizer=None,
        group=None,
        objects=objects,
    )


def _settings(optimizer: torch.optim.Optimizer) -> dict[str, float | int | bool | str | None]:
    defaults = optimizer.defaults if isinstance(getattr(optimizer, "defaults", None), dict) else {}
    return {
        str(key): value for key, value in defaults.items() if isinstance(value, (float, int, bool, str, type(None)))
    }

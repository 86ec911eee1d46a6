"""Values that leave torch and come back: Python numbers by their exact value, arrays by identity."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from types import CodeType
from typing import Any, Final

import numpy as np

from gradprobe.recorder.deep.node import Node, Place

MOST_NUMBERS: Final = 8192
"""Numbers that are remembered within a step."""
MOST_ITEMS: Final = 1024
"""Items of a list that are looked up when it becomes a tensor, and numbers of a list that left torch."""
_COMMON: Final = frozenset({0.0, 1.0, -1.0, 0.5, 2.0})
"""Numbers that anything may be equal to by chance."""


class Escapes:
    """Remembers what left torch within a step."""

    def __init__(self) -> None:
        self._numbers: dict[float, Node] = {}
        self._arrays: dict[int, tuple[weakref.ref[Any], Node]] = {}
        self._by_function: dict[CodeType, Node] = {}
        self.newest: Node | None = None

    def forget(self) -> None:
        """Forget all: a new step begins."""
        self._numbers.clear()
        self._arrays.clear()
        self._by_function.clear()
        self.newest = None

    def note(self, value: object, node: Node) -> None:
        """Note that a tensor's value left torch as a number, a list of numbers or an array."""
        self.newest = node
        if node.place is not None:
            self._by_function[node.place[0]] = node
        if isinstance(value, np.ndarray):
            self._arrays[id(value)] = (weakref.ref(value), node)
            if value.size <= MOST_ITEMS and value.dtype.kind == "f":
                self._note_numbers(value.reshape(-1).tolist(), node)
        elif isinstance(value, list):
            self._note_numbers(list(_flat(value)), node)
        else:
            self._note_numbers([value], node)

    def find(self, value: object) -> tuple[list[Node], bool]:
        """Return what a value came from, and whether that is certain.

        Args:
            value: A number, a list, an array.
        """
        if isinstance(value, np.ndarray):
            held: Any = value
            while isinstance(held, np.ndarray):
                reference, node = self._arrays.get(id(held), (None, None))
                if node is not None and reference is not None and reference() is held:
                    return [node], True
                held = held.base
            if value.size > MOST_ITEMS or value.dtype.kind != "f":
                return [], True
            return self._find_numbers(value.reshape(-1).tolist()), False
        if isinstance(value, (list, tuple)):
            return self._find_numbers(list(_flat(value))), False
        return self._find_numbers([value]), False

    def nearby(self, place: Place) -> list[Node]:
        """Return what left torch last in the function that makes a tensor of values whose origin is not known."""
        node = None if place is None else self._by_function.get(place[0])
        return [] if node is None else [node]

    @property
    def any_numbers(self) -> bool:
        """Whether any number left torch."""
        return bool(self._numbers)

    def _note_numbers(self, values: list[object], node: Node) -> None:
        for value in values[:MOST_ITEMS]:
            if isinstance(value, (float, np.floating)) and value not in _COMMON and len(self._numbers) < MOST_NUMBERS:
                self._numbers[float(value)] = node

    def _find_numbers(self, values: list[object]) -> list[Node]:
        if not self._numbers:
            return []
        found = {}
        for value in values[:MOST_ITEMS]:
            if isinstance(value, (float, np.floating)):
                node = self._numbers.get(float(value))
                if node is not None:
                    found[id(node)] = node
        return list(found.values())


def _flat(values: Any, depth: int = 0) -> Iterator[object]:
    for value in values:
        if isinstance(value, (list, tuple)) and depth < 8:
            yield from _flat(value, depth + 1)
        elif isinstance(value, np.ndarray) and value.size <= MOST_ITEMS:
            yield from value.reshape(-1).tolist()
        else:
            yield value

"""A mapping whose keys are objects that it does not keep alive."""

import functools
import weakref
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


class WeakMap(Generic[Key, Value]):
    """Values of objects, by identity; an entry goes with its object.

    `weakref.WeakKeyDictionary` drops an entry in a function written in Python. The interpreter reports an exception
    in there and goes on, and Ctrl-C, which is such an exception, would be lost: objects that die by the thousand in
    each step are where it lands. Here it is dropped by `dict.pop`, in which no signal is looked at. Identity, because
    tensors and some optimizers compare by value.
    """

    def __init__(self) -> None:
        self._entries: dict[int, tuple[weakref.ref[Key], Value]] = {}

    def set(self, key: Key, value: Value) -> None:
        """Give an object its value, in place of the one it had."""
        # The reference that dies is handed to `pop` as what to return for want of an entry.
        forget = functools.partial(self._entries.pop, id(key))
        self._entries[id(key)] = (weakref.ref(key, forget), value)

    def get(self, key: Key) -> Value | None:
        """Return the value of an object, None where it has none."""
        entry = self._entries.get(id(key))
        return entry[1] if entry is not None and entry[0]() is key else None

    def __contains__(self, key: object) -> bool:
        entry = self._entries.get(id(key))
        return entry is not None and entry[0]() is key

    def __len__(self) -> int:
        return len(self._entries)

    def items(self) -> list[tuple[Key, Value]]:
        """Return the objects that are alive, with their values."""
        found = ((reference(), value) for reference, value in list(self._entries.values()))
        return [(key, value) for key, value in found if key is not None]

    def values(self) -> list[Value]:
        """Return the values of the objects that are alive."""
        return [value for _, value in list(self._entries.values())]

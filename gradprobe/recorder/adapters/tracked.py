"""What a script logs to a tracker, on its way into the record."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import torch

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

MOST_NAMES: Final = 256
"""Metrics taken from one tracker: some scripts log one for each image or each layer, and every step would carry them all."""
MOST_LEVELS: Final = 8
"""Levels of nested dictionaries that are looked into; one that contains itself has no last one."""
NO_METRICS: Final = frozenset({"global_step", "train/global_step", "trainer/global_step", "hp_metric"})
"""What frameworks give a tracker that is no metric: the axis that it draws over, a place that Lightning keeps free."""


class Tracked:
    """Takes the numbers that a tracker is given, and notes where they went.

    It runs behind the guard and does not wait for a device: a tensor is handed on as it is. Where it meets a version of the
    tracker that it does not fit, it ends, and the rest of the recording goes on.
    """

    def __init__(self, recorder: Recorder, source: str, module: str) -> None:
        """Prepare to take metrics.

        Args:
            recorder: What records them.
            source: The tracker's name.
            module: The module in which the tracker is observed.
        """
        self._recorder = recorder
        self._source = source
        self._module = module
        self._names: set[str] = set()
        self._place: str | None = None
        self._fits = True

    def stand_around(self, patches: Patches, owner: Any, name: str, observe: Callable[[Call], None]) -> None:
        """Have `observe` called with each call of a method that has returned.

        Raises:
            AttributeError: If the class has no such method: this version of the tracker does not fit.
        """
        if name not in vars(owner):
            raise AttributeError(f"expected {owner!r} to have the method {name}, found none")

        @self._recorder.guard.guarded
        def after(call: Call, _: object) -> None:
            if not self._fits:
                return
            try:
                observe(call)
            except Exception as error:
                self._fits = False
                self._recorder.unfit(self._module, error)

        patches.wrap(owner, name, before=Call, after=after)

    def log(self, metrics: Mapping[str, object]) -> None:
        """Record what is a number in these metrics; what is nested in a dictionary goes by the names of both."""
        taken = {name: value for name, value in _numbers(metrics, "", MOST_LEVELS) if self._is_taken(name)}
        if taken:
            self._recorder.log(taken, self._source)

    def note_place(self, place: str) -> None:
        """Note which of the tracker's runs the script logs to, so that a report can be sent there."""
        if place != self._place:
            self._place = place
            self._recorder.writer.set_facts({f"tracked_{self._source}": place})

    def _is_taken(self, name: str) -> bool:
        if name not in self._names:
            if len(self._names) >= MOST_NAMES or name in NO_METRICS:
                return False
            self._names.add(name)
        return True


class Call:
    """The arguments of a call of a method."""

    __slots__ = ("_args", "_kwargs")

    def __init__(self, args: Arguments, kwargs: Keywords) -> None:
        self._args = args
        self._kwargs = kwargs

    @property
    def owner(self) -> Any:
        """Whose method it is."""
        return self._args[0]

    def argument(self, position: int, name: str) -> Any:
        """Return an argument, given by position (the owner is 0) or by name; None where it was not given."""
        return self._args[position] if len(self._args) > position else self._kwargs.get(name)


def _numbers(metrics: Mapping[str, object], prefix: str, levels: int) -> Iterator[tuple[str, object]]:
    for key, value in metrics.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            if levels > 1:
                yield from _numbers(value, f"{name}.", levels - 1)
        elif _is_number(value):
            yield name, value


def _is_number(value: object) -> bool:
    """Return whether a value is one real number, without asking a device for it."""
    if isinstance(value, torch.Tensor):
        return value.numel() == 1 and not value.is_complex()
    return isinstance(value, (int, float, np.floating, np.integer)) and not isinstance(value, bool)

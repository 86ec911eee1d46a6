"""What deep steps look at beyond the way of the gradient: one watcher a file, listed in `WATCHERS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gradprobe.recorder.deep.watchers import (
    broadcasts,
    contracts,
    discarded,
    ignored_labels,
    kept_graphs,
    none_gradients,
    overwritten,
    unowned_branches,
    widened,
)
from gradprobe.recorder.deep.watching import Watcher

WATCHERS: Final[tuple[Watcher | Callable[[], Watcher], ...]] = (
    none_gradients.WATCHER,
    discarded.watcher,
    kept_graphs.WATCHER,
    overwritten.WATCHER,
    unowned_branches.WATCHER,
    contracts.watcher,
    broadcasts.watcher,
    widened.WATCHER,
    ignored_labels.watcher,
)
"""Watchers, or functions that make one where it has a memory: each recording has its own."""

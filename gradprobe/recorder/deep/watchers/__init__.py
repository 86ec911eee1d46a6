"""What deep steps look at beyond the way of the gradient: one watcher a file, listed in `WATCHERS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gradprobe.recorder.deep.finite import births
from gradprobe.recorder.deep.watchers import (
    broadcasts,
    contracts,
    discarded,
    halved,
    ignored_forwards,
    ignored_labels,
    kept_graphs,
    lost_epsilons,
    none_gradients,
    overwritten,
    refused_losses,
    scaled_gradients,
    unowned_branches,
    used_gradients,
    widened,
)
from gradprobe.recorder.deep.watching import Watcher

WATCHERS: Final[tuple[Watcher | Callable[[], Watcher], ...]] = (
    none_gradients.WATCHER,
    births.WATCHER,
    discarded.watcher,
    kept_graphs.WATCHER,
    overwritten.WATCHER,
    refused_losses.WATCHER,
    unowned_branches.WATCHER,
    used_gradients.WATCHER,
    contracts.watcher,
    broadcasts.watcher,
    widened.WATCHER,
    ignored_forwards.watcher,
    ignored_labels.watcher,
    halved.watcher,
    lost_epsilons.watcher,
    scaled_gradients.watcher,
)
"""Watchers, or functions that make one where it has a memory: each recording has its own."""

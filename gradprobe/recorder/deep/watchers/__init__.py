"""What deep steps look at beyond the way of the gradient: one watcher a file, listed in `WATCHERS`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from gradprobe.recorder.deep.finite import births
from gradprobe.recorder.deep.watchers import (
    accumulations,
    broadcasts,
    contracts,
    custom_backwards,
    depths,
    discarded,
    evaluations,
    halved,
    ignored_forwards,
    ignored_labels,
    kept_graphs,
    live_weights,
    lost_epsilons,
    masked_labels,
    none_gradients,
    overwritten,
    refused_losses,
    repeated_modules,
    scaled_gradients,
    scales,
    units_off,
    unowned_branches,
    used_gradients,
    widened,
    zero_pairs,
)
from gradprobe.recorder.deep.watching import Watcher

WATCHERS: Final[tuple[Watcher | Callable[[], Watcher], ...]] = (
    none_gradients.WATCHER,
    births.WATCHER,
    discarded.watcher,
    kept_graphs.watch_kept_graphs,
    live_weights.WATCHER,
    overwritten.WATCHER,
    refused_losses.WATCHER,
    repeated_modules.watcher,
    unowned_branches.WATCHER,
    used_gradients.WATCHER,
    contracts.watcher,
    custom_backwards.watcher,
    accumulations.watcher,
    broadcasts.watcher,
    widened.WATCHER,
    ignored_forwards.watcher,
    ignored_labels.watcher,
    masked_labels.watcher,
    halved.watcher,
    lost_epsilons.watcher,
    scaled_gradients.watcher,
    evaluations.WATCHER,
    scales.watcher,
    zero_pairs.watcher,
    units_off.watcher,
    depths.watcher,
)
"""Watchers, or functions that make one where it has a memory: each recording has its own."""

"""What deep steps look at beyond the way of the gradient: one watcher a file, listed in `WATCHERS`."""

from __future__ import annotations

from typing import Final

from gradprobe.recorder.deep.watchers import none_gradients
from gradprobe.recorder.deep.watching import Watcher

WATCHERS: Final[tuple[Watcher, ...]] = (none_gradients.WATCHER,)

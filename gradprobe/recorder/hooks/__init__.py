"""Where the recorder stands in torch: one file for each thing a training loop does.

Each hook is a function `install(recorder, patches)`; what it replaces or registers is undone with the patches.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from gradprobe.recorder import adapters
from gradprobe.recorder.hooks import (
    backward,
    clipping,
    default_dtype,
    loaders,
    modes,
    optimizers,
    parameters,
    rates,
    scaler,
    schedulers,
    scripted,
    states,
    warned,
    wrappers,
    zero_grad,
)

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

HOOKS: Final[tuple[Callable[[Recorder, Patches], None], ...]] = (
    backward.install,
    optimizers.install,
    zero_grad.install,
    clipping.install,
    scaler.install,
    schedulers.install,
    scripted.install,
    rates.install,
    states.install,
    parameters.install,
    modes.install,
    warned.install,
    default_dtype.install,
    wrappers.install,
    loaders.install,
    adapters.install,
)

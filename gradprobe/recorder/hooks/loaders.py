"""Where data loaders are built, and what chooses their samples: in a job, each rank is to have its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch.utils.data import DataLoader

from gradprobe.recorder.patches import Arguments, Patches
from gradprobe.values import Observation

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

WHAT: str = "loader-built"
"""An observation of a data loader, at the line that builds it. `detail`: `sampler` (class of what chooses its samples)."""


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe data loaders."""

    @recorder.guard.guarded
    def built(args: Arguments, _: None) -> None:
        sampler = getattr(args[0], "sampler", None) or getattr(args[0], "batch_sampler", None)
        detail = {"sampler": type(sampler).__name__}
        recorder.deep.observe(Observation(WHAT, recorder.site(), detail=detail))

    patches.wrap(DataLoader, "__init__", before=lambda args, _: args, after=built)

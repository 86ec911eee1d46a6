"""`torch.set_default_dtype`: parameters made after it are in half precision though no line of theirs says so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from gradprobe.recorder.deep.operations import HALVES
from gradprobe.recorder.patches import Arguments, Keywords, Patches

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Note where the default dtype was last set to half precision."""

    @recorder.guard.guarded
    def before(args: Arguments, kwargs: Keywords) -> None:
        dtype = args[0] if args else kwargs.get("d")
        if dtype in HALVES and "transformers" not in recorder.site().file:  # That sets it only while it loads a model.
            recorder.deep.halved_by_default = recorder.site()

    patches.wrap(torch, "set_default_dtype", before=before)

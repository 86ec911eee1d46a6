"""`optimizer.zero_grad()` and `module.zero_grad()`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.values import ZeroGrad

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe calls that clear gradients."""

    @recorder.guard.guarded
    def before(args: Arguments, kwargs: Keywords) -> None:
        owner = args[0]
        to_none = bool(args[1] if len(args) > 1 else kwargs.get("set_to_none", True))
        if isinstance(owner, torch.optim.Optimizer):
            number = recorder.layout.number_of(owner)
            name = type(owner).__name__ if number is None else f"optimizer {number}"
        else:
            name = f"module {type(owner).__name__}"
        site = recorder.site()
        recorder.call(ZeroGrad(site, name, to_none))
        recorder.ledger.cleared(site)
        recorder.deep.leaks.cleared(site)

    patches.wrap(torch.optim.Optimizer, "zero_grad", before=before)
    patches.wrap(torch.nn.Module, "zero_grad", before=before)

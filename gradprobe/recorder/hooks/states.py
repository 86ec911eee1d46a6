"""`module.state_dict()` and `module.load_state_dict()`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe states that are taken and loaded."""

    def is_outermost(args: Arguments, kwargs: Keywords) -> bool:
        return len(args) == 1 and kwargs.get("destination") is None and not kwargs.get("prefix")

    @recorder.guard.guarded
    def taken(outermost: bool, state: Any) -> None:
        if outermost:
            recorder.deep.loads.taken(state, recorder.site(), recorder.steps.completed)

    @recorder.guard.guarded
    def loaded(token: tuple[Arguments, Keywords], _: object) -> None:
        args, kwargs = token
        module = args[0]
        state = args[1] if len(args) > 1 else kwargs.get("state_dict")
        recorder.deep.books.loaded(module)
        recorder.deep.loads.loaded(module, state, recorder.site(), recorder.steps.completed)

    patches.wrap(torch.nn.Module, "state_dict", before=is_outermost, after=taken)
    patches.wrap(torch.nn.Module, "load_state_dict", before=lambda args, kwargs: (args, kwargs), after=loaded)

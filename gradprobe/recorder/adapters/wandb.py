"""What a script logs to Weights & Biases: `wandb.log` and `Run.log`, online, offline and disabled.

`wandb.log` is the method `log` of the run that `wandb.init` made, and a script may have taken hold of it before; all ways to log
lead to `Run._log`, but for the run of the mode `disabled`, which has a `log` of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import ModuleType
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.adapters.tracked import Call, Tracked

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

MODULE: Final = "wandb"


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe what runs are given."""
    tracked = Tracked(recorder, "wandb", MODULE)

    def logged(call: Call) -> None:
        data = call.argument(1, "data")
        if not isinstance(data, Mapping):
            return
        tracked.log({name: value for name, value in data.items() if not str(name).startswith("_")})
        run = call.owner
        if not run.disabled:
            tracked.note_place("/".join(part for part in (run.entity, run.project, run.id) if part))

    tracked.stand_around(patches, module.Run, "_log", logged)
    for kind in module.Run.__subclasses__():
        if "log" in vars(kind):
            tracked.stand_around(patches, kind, "log", logged)

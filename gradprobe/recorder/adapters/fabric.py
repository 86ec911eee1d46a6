"""Fabric, by either of its names: what `fabric.log` and `fabric.log_dict` are given."""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.adapters.lightning import relay
from gradprobe.recorder.adapters.standing import Standing

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

MODULES: Final = ("lightning.fabric", "lightning_fabric")
SOURCE: Final = "fabric"


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe what Fabric is given to log."""
    standing = Standing(recorder, patches, module.__name__)

    def logged(args: Arguments, kwargs: Keywords) -> None:
        recorder.log(args[1] if len(args) > 1 else kwargs["metrics"], SOURCE)

    relay(recorder, patches, module.Fabric, "log_dict")  # `log` calls it.
    standing.around(module.Fabric, "log_dict", before=logged)

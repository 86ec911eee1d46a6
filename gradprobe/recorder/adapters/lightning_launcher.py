"""Lightning's launcher of ranks: it starts the script anew for each, and they are to be recorded to the same run.

Their command goes by `gradprobe run`, as this process's did. A script that watches itself does so in each rank, and needs nothing.
On other nodes than the first they are left alone: Lightning tells them no rank, and each would take itself for the first.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

_NAMES: Final = ("lightning.pytorch", "lightning.fabric", "pytorch_lightning", "lightning_fabric")
MODULES: Final = tuple(f"{name}.strategies.launchers.subprocess_script" for name in _NAMES)
_COMMAND: Final = "_basic_subprocess_cmd"


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Have the commands of other ranks recorded.

    Raises:
        AttributeError: If this version makes them in another way.
    """
    if not recorder.child_words:
        return
    original = getattr(module, _COMMAND)

    def command() -> Sequence[str]:
        words = list(original())
        if os.environ.get("NODE_RANK", "0") != "0":  # Set by the launcher, before it asks for the first command.
            return words
        if not recorder.guard.active or words[:1] != [sys.executable] or words[1:3] == ["-m", "gradprobe"]:
            return words
        return [words[0], *recorder.child_words, *words[1:]]

    patches.replace(module, _COMMAND, command)

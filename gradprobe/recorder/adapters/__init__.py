"""Where the recorder stands in other packages: frameworks that own the training loop, and trackers that scripts log to.

Each adapter is one file and is installed when the script has imported the module that it names, never before. What it
replaces or registers is undone with the patches. One that does not fit the version it meets is left out, and the report
says so: training, and the rest of the recording, go on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, Final, TypeAlias

from gradprobe.imports import after_import
from gradprobe.recorder.adapters import (
    accelerate,
    fabric,
    fsdp,
    lightning,
    lightning_launcher,
    mlflow,
    tensorboard,
    transformers,
    wandb,
)

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

Install: TypeAlias = "Callable[[Recorder, Patches, ModuleType], None]"


@dataclass(frozen=True, slots=True)
class Adapter:
    """What is installed when a script has imported a module.

    Attributes:
        module: The module's full name.
        install: Receives the recorder, its patches and the module.
    """

    module: str
    install: Install


ADAPTERS: Final[tuple[Adapter, ...]] = (
    Adapter(accelerate.MODULE, accelerate.install),
    *(Adapter(name, fabric.install) for name in fabric.MODULES),
    Adapter(fsdp.MODULE, fsdp.install),
    *(Adapter(name, lightning.install) for name in lightning.MODULES),
    *(Adapter(name, lightning_launcher.install) for name in lightning_launcher.MODULES),
    Adapter(mlflow.MODULE, mlflow.install),
    Adapter(tensorboard.MODULE, tensorboard.install),
    Adapter(transformers.TRAINER, transformers.install),
    Adapter(transformers.MODELS, transformers.install_models),
    Adapter(wandb.MODULE, wandb.install),
)


def install(recorder: Recorder, patches: Patches) -> None:
    """Wait for every module that there is an adapter for."""
    for adapter in ADAPTERS:
        _await(adapter, recorder, patches)


def _await(adapter: Adapter, recorder: Recorder, patches: Patches) -> None:
    def attach() -> None:
        if not recorder.guard.active:
            return
        try:
            adapter.install(recorder, patches, sys.modules[adapter.module])
        except Exception as error:
            recorder.unfit(adapter.module, error)

    patches.on_undo(after_import(adapter.module, attach))

"""Parameters that modules get, and those among them that are born after training has begun."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn.modules.module import register_module_parameter_registration_hook

from gradprobe.recorder.patches import Patches
from gradprobe.values import ParameterCreated

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe the registration of parameters."""

    @recorder.guard.guarded
    def note(module: torch.nn.Module, name: str) -> None:
        recorder.layout.parameters_born()
        if recorder.steps.completed:
            recorder.incident(ParameterCreated(recorder.site(), type(module).__name__, name))

    def registered(module: torch.nn.Module, name: str, parameter: torch.nn.Parameter | None) -> None:
        if parameter is not None and not torch.compiler.is_compiling():
            note(module, name)

    patches.hook(register_module_parameter_registration_hook, registered)

"""TorchScript knows the functions it has a counterpart for by their identity: ours stand for those that they are around."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any

from torch.jit import _builtins

from gradprobe.recorder.patches import Patches
from gradprobe.recorder.sites import OWN

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Answer for `warnings.warn` or `torch.autograd.grad` in a scripted function as TorchScript would without us."""
    original = getattr(_builtins, "_find_builtin", None)
    if original is None:
        return

    def _find_builtin(function: Any) -> Any:
        found = original(function)
        code = getattr(function, "__code__", None)
        if found is None and code is not None and code.co_filename.startswith(OWN):
            return original(inspect.unwrap(function))
        return found

    patches.replace(_builtins, "_find_builtin", _find_builtin)

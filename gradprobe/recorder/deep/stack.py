"""Putting a mode on the stack of torch's function modes, and taking it off, wherever others stand.

The script's own modes come and go on top; each leaves by popping what is topmost, so ours stands below them, above the default
device's, which must be at the bottom (`torch.utils._device`).
"""

from __future__ import annotations

from torch.overrides import TorchFunctionMode, _get_current_function_mode_stack, _pop_mode, _push_mode
from torch.utils._device import DeviceContext


def put(mode: TorchFunctionMode) -> None:
    """Put a mode below those of the script."""
    stack = _get_current_function_mode_stack()
    if any(one is mode for one in stack):
        return
    below = [one for one in stack if isinstance(one, DeviceContext)]
    above = [one for one in stack if not isinstance(one, DeviceContext)]
    _rebuild(len(stack), [*below, mode, *above])


def take(mode: TorchFunctionMode) -> None:
    """Take a mode off, from wherever it stands."""
    stack = _get_current_function_mode_stack()
    if any(one is mode for one in stack):
        _rebuild(len(stack), [one for one in stack if one is not mode])


def _rebuild(standing: int, modes: list[TorchFunctionMode]) -> None:
    for _ in range(standing):
        _pop_mode()
    for mode in modes:
        _push_mode(mode)

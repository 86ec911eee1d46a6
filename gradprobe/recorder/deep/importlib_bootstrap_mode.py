"""The mode that shows torch's operations to the tracer, and the one frame of it that stands in the user's calls.

The file is named as it is for the reason given in `gradprobe/recorder/importlib_bootstrap.py`: frames of such files are not
counted by `warnings.warn(stacklevel=…)`. A function of torch in Python that is shown to a mode runs below a frame of
`torch.overrides` and itself once more, which `warn` makes up for.
"""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any

from torch.overrides import TorchFunctionMode, handle_torch_function

from gradprobe.recorder.deep.operations import Operation
from gradprobe.recorder.frames import plain

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Tracer


class DeepMode(TorchFunctionMode):
    """Hands each operation to the tracer, before and after it runs."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self.tracer = tracer
        self.operations: dict[Any, Operation] = {}
        self.depth = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        """Run the operation as it is, and let the tracer look."""
        kwargs = kwargs or {}
        operation = self.operations.get(func)
        if operation is None:
            operation = self.operations[func] = Operation(func)
        tracer = self.tracer
        looks = tracer.looks and not operation.unseen
        self.depth += 1  # While it is not 0, torch holds the mode back, and puts it where it was afterwards.
        try:
            if looks:
                tracer.before(operation, args, kwargs)
            try:
                result = func(*args, **kwargs)
            except BaseException as error:
                if looks:
                    tracer.failed(operation, args, kwargs, error)
                raise
            if looks:
                tracer.after(operation, args, kwargs, result)
            elif operation.reads_gradient and tracer.looks:
                tracer.gradient_read(args[0], sys._getframe(1))
            elif operation.sets_gradient and tracer.looks:
                tracer.deep.books.gradient_set(args[1])
            return result
        finally:
            self.depth -= 1


def warn_around(original: Callable[..., None]) -> Callable[..., None]:
    """Return `warnings.warn` with the frames passed over that a mode adds between torch's function and its caller."""

    @functools.wraps(original)
    def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **more: Any) -> None:
        # From a frame of a file named like this one, CPython counts every frame, this one as the first.
        original(message, category, _plain_level(sys._getframe(1), stacklevel), source, **more)

    return plain(warn)


def _plain_level(frame: FrameType | None, stacklevel: int) -> int:
    """Return how many frames lie between `warn` and the frame that a stack level means, both counted."""
    level = 2
    counts_all = frame is not None and _is_internal(frame)
    for _ in range(stacklevel - 1):
        if frame is None:
            break
        frame, level = frame.f_back, level + 1
        while frame is not None and not counts_all and (_is_internal(frame) or _is_detour(frame)):
            skipped = 2 if _is_detour(frame) else 1  # The detour, and the function that took it.
            for _ in range(skipped):
                frame, level = (None if frame is None else frame.f_back), level + 1
    return level


def _is_internal(frame: FrameType) -> bool:
    """Return whether CPython does not count a frame (`is_internal_filename` in its `_warnings.c`)."""
    return "importlib" in frame.f_code.co_filename and "_bootstrap" in frame.f_code.co_filename


def _is_detour(frame: FrameType) -> bool:
    return frame.f_code is handle_torch_function.__code__

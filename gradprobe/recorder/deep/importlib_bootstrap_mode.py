"""The mode that shows torch's operations to the tracer, and the one frame of it that stands in the user's calls.

The file is named as it is for the reason given in `gradprobe/recorder/importlib_bootstrap.py`: frames of such files are not
counted by `warnings.warn(stacklevel=…)`. A function of torch in Python that is shown to a mode runs below two frames of
`torch.overrides` and itself once more, which `warn` makes up for.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from torch.overrides import TorchFunctionMode

from gradprobe.recorder.deep.operations import Operation

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Tracer


class DeepMode(TorchFunctionMode):
    """Hands each operation to the tracer, before and after it runs."""

    def __init__(self, tracer: Tracer) -> None:
        super().__init__()
        self.tracer = tracer
        self.operations: dict[Any, Operation] = {}
        self.depth = 0
        self.inside = 0

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
        if looks:
            tracer.before(operation, args, kwargs)
        self.depth += 1
        self.inside += operation.is_python
        try:
            result = func(*args, **kwargs)
        except BaseException as error:
            if looks:
                tracer.failed(operation, args, kwargs, error)
            raise
        finally:
            self.depth -= 1
            self.inside -= operation.is_python
        if looks:
            tracer.after(operation, args, kwargs, result)
        return result


def warn_around(mode: DeepMode, original: Callable[..., None]) -> Callable[..., None]:
    """Return `warnings.warn` with the frames passed over that the mode added between torch's function and its caller."""

    def warn(message: Any, category: Any = None, stacklevel: int = 1, source: Any = None, **more: Any) -> None:
        if mode.inside and stacklevel > 1:
            stacklevel += 2
        original(message, category, stacklevel, source, **more)

    return warn

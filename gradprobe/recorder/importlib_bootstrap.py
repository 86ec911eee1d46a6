"""The one frame of gradprobe that stands between the script and a function of torch.

The file's name is part of what it does. `warnings.warn(..., stacklevel=2)` in torch means the script's line, and would now mean
the line below; but the interpreter passes over frames of files whose name contains `importlib` and `_bootstrap` when it counts
(`is_internal_filename` in CPython's `_warnings.c`, the same in all versions since 3.3), and so this one is not counted either.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import torch

from gradprobe.recorder.frames import plain, set_eval_frame


def around(
    original: Callable[..., Any],
    before: Callable[[tuple[Any, ...], dict[str, Any]], Any],
    after: Callable[[Any, Any], None],
    failed: Callable[[Any, BaseException], None],
) -> Callable[..., Any]:
    """Return the function with observers around it.

    Args:
        original: The function.
        before: Receives the arguments; what it returns is handed to the other two.
        after: Receives that and the result.
        failed: Receives that and the exception, which goes on its way.
    """

    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if torch.compiler.is_compiling():  # What is being compiled must not contain us.
            return original(*args, **kwargs)
        compiling = set_eval_frame(None)  # Observers are called from here, not through a function: they count frames.
        try:
            token = before(args, kwargs)
            set_eval_frame(compiling)
            try:
                result = original(*args, **kwargs)
            except BaseException as error:
                set_eval_frame(None)
                failed(token, error)
                raise
            set_eval_frame(None)
            after(token, result)
        finally:
            set_eval_frame(compiling)
        return result

    return plain(wrapper)

"""Keeping `torch.compile` away from our own frames.

Between two compiled parts of a function its frame evaluation stays on, and would compile whatever Python function is called
there: ours too, one more frame each, with graph breaks that the script does not have without us.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

import torch

_EVALUATION: Any = vars(torch._C)["_dynamo"].eval_frame
set_eval_frame: Callable[[Any], Any] = _EVALUATION.set_eval_frame
"""Sets who evaluates frames in this thread (None: the interpreter alone), and returns who did."""

P = ParamSpec("P")
R = TypeVar("R")


def plain(function: Callable[P, R]) -> Callable[P, R]:
    """Have a function of ours run as it stands; what it calls is still compiled. Where dynamo inlines it, it does.

    Args:
        function: A function in Python; all closures of the same code are meant.
    """
    code: Any = getattr(function, "__code__", None)
    if hasattr(_EVALUATION, "skip_code"):  # Up to torch 2.5.
        _EVALUATION.skip_code(code)
    elif hasattr(_EVALUATION, "set_code_exec_strategy"):
        skip, follow = _EVALUATION._FrameAction.SKIP, _EVALUATION._FrameAction.DEFAULT
        _EVALUATION.set_code_exec_strategy(code, _EVALUATION._FrameExecStrategy(skip, follow))
    return function


def uncompiled(function: Callable[P, R]) -> Callable[P, R]:
    """Return a function that runs as it stands, with all that it calls."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        before = set_eval_frame(None)
        if before is None:
            return function(*args, **kwargs)
        try:
            return function(*args, **kwargs)
        finally:
            set_eval_frame(before)

    return plain(run)

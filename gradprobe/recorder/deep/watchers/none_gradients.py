"""Custom functions whose backward gives None where a gradient is due: autograd then goes no further, without a word."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
from collections.abc import Callable
from types import CodeType
from typing import TYPE_CHECKING, Any

import torch

from gradprobe.recorder.deep.node import Node, positions_of
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Tracer

WHAT = "none-from-backward"
"""An observation of a backward that gave None; `parameters` are those behind the argument."""


def applied(tracer: Tracer, cls: type, args: tuple[Any, ...], result: Any, node: Node) -> None:
    """Look at what the backward of this call will give."""
    outputs = result if isinstance(result, (tuple, list)) else (result,)
    graph = next((one.grad_fn for one in outputs if isinstance(one, torch.Tensor) and one.grad_fn is not None), None)
    if graph is None or not hasattr(cls, "backward") or not tracer.sites.is_user_file(_file(cls)):
        return
    # The graph has one edge for each argument that is a tensor.
    behind = [(number, _bits(tracer, value)) for number, value in enumerate(args) if isinstance(value, torch.Tensor)]
    wanted = [following is not None for following, _ in graph.next_functions]
    # Holds no tensor: the classes, the bits, and the place.
    graph.register_hook(functools.partial(_look, tracer, cls, behind, wanted, tracer.deep.site(node.place)))


def _look(
    tracer: Tracer, cls: type, behind: list[tuple[int, int]], wanted: list[bool], site: Site, given: Any, _: Any
) -> None:
    for gradient, is_wanted, (number, bits) in zip(given, wanted, behind, strict=False):
        if gradient is None and is_wanted and bits:
            tracer.deep.guarded(_observe)(tracer, cls, number, bits, site)


def _observe(tracer: Tracer, cls: type, position: int, bits: int, site: Site) -> None:
    deep = tracer.deep
    deep.observe(
        Observation(
            WHAT,
            return_site(deep.line_site, cls) or site,
            related=(RelatedSite(site, "applied here"),),
            parameters=tuple(deep.name_of(bit) for bit in positions_of(bits)),
            detail={"function": cls.__name__, "argument": position + 1},
            key=f"{cls.__qualname__} {position}",
        )
    )


def return_site(site_of: Callable[[str, int, str], Site], cls: type) -> Site | None:
    """Return the line of the last `return` of a function's backward."""
    backward: Any = vars(cls).get("backward")
    function = _unwrapped(getattr(backward, "__func__", backward))
    code = getattr(function, "__code__", None)
    if code is None:
        return None
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
    except (OSError, SyntaxError, TypeError):
        return site_of(code.co_filename, code.co_firstlineno, code.co_qualname if hasattr(code, "co_qualname") else "")
    returns = [node.lineno for node in ast.walk(tree) if isinstance(node, ast.Return)]
    number = code.co_firstlineno + max(returns, default=1) - 1
    return site_of(code.co_filename, number, getattr(code, "co_qualname", code.co_name))


def _bits(tracer: Tracer, value: torch.Tensor) -> int:
    node = tracer.node(value)
    return node.live | (node.leaf if value.requires_grad else 0)


def code_of(cls: type) -> CodeType | None:
    """Return the code of a function's backward, as it was written."""
    code = getattr(_unwrapped(getattr(cls, "backward", None)), "__code__", None)
    return code if isinstance(code, CodeType) else None


def _unwrapped(function: Any) -> Any:
    """Return what decorators (`once_differentiable`, `custom_bwd`) stand around."""
    while hasattr(function, "__wrapped__"):
        function = function.__wrapped__
    return function


def _file(cls: type) -> str:
    code = code_of(cls)
    return "<unknown>" if code is None else code.co_filename


WATCHER = Watcher(function=applied)

"""The line that gave one object two names, found in the source: `self.target = self.net`, `copy.copy(net)`."""

from __future__ import annotations

import ast
import functools
import linecache
from collections.abc import Iterable, Iterator
from typing import Final

_GIVERS: Final = frozenset(
    {"parameters", "named_parameters", "state_dict", "named_buffers", "buffers", "children", "modules"}
)
"""Methods of a module that give what is in it."""
_SAME: Final = frozenset(
    {"eval", "train", "to", "cuda", "cpu", "float", "double", "half", "requires_grad_", "share_memory"}
)
"""Methods of a module that return the module itself."""


def alias_line(file: str, line: int, files: Iterable[str]) -> tuple[str, int] | None:
    """Return the line that made one object of two that a statement treats as two; None where it is not found.

    Args:
        file: Where the statement stands.
        line: Likewise.
        files: Sources in which to look.
    """
    names = _names_at(file, line)
    if len(names) < 2:
        return None
    for source in dict.fromkeys([file, *files]):
        tree = _tree(source)
        for node in ast.walk(tree) if tree is not None else ():
            if isinstance(node, (ast.Assign, ast.AnnAssign)) and node.value is not None:
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                value = _terminal(_plain(node.value))
                if value in names and any(_terminal(target) in names - {value} for target in targets):
                    return source, node.lineno
    return None


def _names_at(file: str, line: int) -> set[str]:
    """Return the names of what a statement, and the loops around it, take parameters from."""
    tree = _tree(file)
    names: set[str] = set()
    for node in ast.walk(tree) if tree is not None else ():
        if isinstance(node, ast.stmt) and node.lineno <= line <= (node.end_lineno or node.lineno):
            for inner in _shown(node, line):
                for call in ast.walk(inner):
                    if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute):
                        owner = _terminal(call.func.value)
                        if owner and call.func.attr in (*_GIVERS, "load_state_dict"):
                            names.add(owner)
    return names


def _shown(node: ast.stmt, line: int) -> Iterator[ast.AST]:
    """Yield what of a statement bears on a line: the whole of a simple one, the header of a loop."""
    if isinstance(node, ast.For):
        yield node.iter
    elif not hasattr(node, "body"):
        yield node


def _plain(value: ast.expr) -> ast.expr:
    """Return what an expression gives another name to: `net` of `copy.copy(net.eval())`."""
    while isinstance(value, ast.Call):
        function = value.func
        if isinstance(function, ast.Attribute) and function.attr in _SAME:
            value = function.value
        elif _terminal(function) == "copy" and len(value.args) == 1:
            value = value.args[0]
        else:
            break
    return value


def _terminal(node: ast.expr) -> str:
    """Return the last name of a dotted expression; empty where it is none."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


@functools.lru_cache(maxsize=64)
def _tree(file: str) -> ast.Module | None:
    try:
        return ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError):
        return None

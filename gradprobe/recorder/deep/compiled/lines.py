"""From the stack trace of a captured operation to the user's lines, and to the line that turned gradients off above it."""

from __future__ import annotations

import ast
import functools
import linecache
import re
import sys
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.deep.node import Place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_FRAME: Final = re.compile(r'^  File "(.+)", line (\d+), in (.+)$', re.MULTILINE)
_MODES: Final = ("no_grad", "inference_mode", "set_grad_enabled")


def user_lines(trace: str | None, is_users: Callable[[str], bool]) -> list[tuple[str, int, str]]:
    """Return the user's frames of a stack trace as (file, line, function), innermost first."""
    found = [(file, int(line), function) for file, line, function in _FRAME.findall(trace or "") if is_users(file)]
    return found[::-1]


def place_at(line: tuple[str, int, str] | None) -> Place:
    """Return a line as a place."""
    return None if line is None else (_code(line[0], line[2]), line[1])


@functools.lru_cache(maxsize=4096)
def _code(file: str, function: str) -> CodeType:
    """Return a code object that stands for a function whose own is not at hand."""
    changes: dict[str, Any] = {"co_name": function}
    if sys.version_info >= (3, 11):
        changes["co_qualname"] = function
    return compile("", file, "exec").replace(**changes)


def turned_off_at(lines: list[tuple[str, int, str]]) -> tuple[str, Place]:
    """Return which grad mode is in force at an operation, and the `with` or decorator that entered it.

    Args:
        lines: The user's frames at the operation, innermost first.

    Returns:
        The mode's name and its line; `no_grad` and the operation's own line where none shows.
    """
    for file, line, function in lines:
        entries = [one for one in _entries(file) if one[1] <= line <= one[2]]
        if entries:
            entry, _, _, mode = max(entries, key=lambda one: one[1])
            return mode, place_at((file, entry, function))
    return "no_grad", place_at(lines[0] if lines else None)


@functools.lru_cache(maxsize=256)
def _entries(file: str) -> tuple[tuple[int, int, int, str], ...]:
    """Return where a file enters grad modes: the line, the first and last line below it, and the mode."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except (SyntaxError, ValueError, RecursionError):
        return ()
    return tuple(_entries_in(tree))


def _entries_in(tree: ast.AST) -> Iterator[tuple[int, int, int, str]]:
    for node in ast.walk(tree):
        expressions: list[ast.expr] = []
        if isinstance(node, (ast.With, ast.AsyncWith)):
            expressions = [item.context_expr for item in node.items]
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            expressions = node.decorator_list
        for expression in expressions:
            mode = _mode_in(expression)
            if mode is not None and isinstance(node, ast.stmt):
                yield expression.lineno, node.lineno, node.end_lineno or node.lineno, mode


def _mode_in(expression: ast.expr) -> str | None:
    for node in ast.walk(expression):
        name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else None
        if name in _MODES:
            return name
    return None

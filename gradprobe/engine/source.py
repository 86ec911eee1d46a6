"""Reports and comparisons without anybody's source code."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from typing import Any, TypeVar

from gradprobe.values import Site

Shown = TypeVar("Shown")
"""A report, or a comparison."""


def without_source(report: Shown) -> Shown:
    """Return a report or comparison with every site's code left out; formats show no line around a site that has none."""
    stripped: Shown = _stripped(report)
    return stripped


def _stripped(value: Any) -> Any:
    if isinstance(value, Site):
        return replace(value, code="")
    if isinstance(value, tuple):
        return tuple(_stripped(one) for one in value)
    if is_dataclass(value) and not isinstance(value, type):
        changed = {field.name: _stripped(getattr(value, field.name)) for field in fields(value)}
        return replace(value, **changed)
    return value

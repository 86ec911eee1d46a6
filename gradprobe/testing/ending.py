"""How a call of a test ended, and how it is to end instead."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pytest


def ended_by(item: pytest.Item, ending: Any) -> BaseException | None:
    """Return the exception that ended a test; None where none did.

    Args:
        item: The test.
        ending: What pluggy's hook wrappers are given. `unittest` catches exceptions itself, and pytest keeps them on the item.
    """
    if ending.excinfo is not None:
        error: BaseException = ending.excinfo[1]
        return error
    kept = getattr(item, "_excinfo", None)
    return kept[0].value if kept else None


def end_by(item: pytest.Item, ending: Any, error: BaseException | None) -> None:
    """Have a test end by another exception, or well.

    Args:
        item: The test.
        ending: What pluggy's hook wrappers are given.
        error: The exception; None for none.
    """
    if getattr(item, "_excinfo", None):
        item._excinfo = None  # type: ignore[attr-defined]
    if error is None:
        ending.force_result(None)
    else:
        ending.force_exception(error)

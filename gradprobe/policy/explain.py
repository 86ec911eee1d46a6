"""Turns pydantic's account of a bad policy into one line for the person who wrote it."""

from __future__ import annotations

import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

_HEADER = re.compile(r"^\s*\[")
_FLAG = re.compile(r"""^\s*\[\[\s*["']?flag["']?\s*\]\]""")


def explain(error: ValidationError, text: str, source: str) -> str:
    """Return one line: file, line, flag, key, what was expected, what was found, what to do.

    Args:
        error: What pydantic found.
        text: The policy's TOML.
        source: Its file.
    """
    details = error.errors(include_url=False, include_context=True)
    # An unknown key explains a missing one, so it comes first.
    first = min(details, key=lambda detail: detail["type"] != "extra_forbidden")
    place, flag, key = _place(first)
    line = _line(text, flag, key)
    where = f"{source}:{line}" if line else source
    more = f" (and {len(details) - 1} more)" if len(details) > 1 else ""
    return _one_line(f"{where}: {place}{_sentence(first, flag, key)}{more}")


def _place(detail: ErrorDetails) -> tuple[str, int | None, str | None]:
    """Return the place in words, the position of the flag, and the key."""
    location = detail["loc"]
    if len(location) >= 2 and location[0] == "flag" and isinstance(location[1], int):
        # ("flag", 2, "<kind>", "<key>"): pydantic names the member of the union that it tried.
        key = str(location[3]) if len(location) > 3 else ("kind" if detail["type"].startswith("union_tag") else None)
        return f"flag {location[1] + 1}: ", location[1], key
    if len(location) >= 2 and location[0] == "expect":
        return "expect: ", None, str(location[1])
    return "", None, str(location[0]) if location else None


def _sentence(detail: ErrorDetails, flag: int | None, key: str | None) -> str:
    """Return what was expected, what was found, and what to do."""
    kind, found = detail["type"], detail["input"]
    valid = _valid_keys(detail)
    if kind == "extra_forbidden":
        near = get_close_matches(str(key), valid, n=1)
        hint = f"did you mean {near[0]}?" if near else "remove it"
        return f"unknown key {key}: expected one of {', '.join(valid)}; {hint}"
    if kind == "missing":
        return f"expected the key {key}, found none; add it (valid keys: {', '.join(valid)})"
    if kind == "union_tag_not_found":
        return f"expected the key kind, found none; add one of {', '.join(_kinds())}"
    if kind == "union_tag_invalid":
        tag = str(found.get("kind")) if isinstance(found, dict) else str(found)
        near = get_close_matches(tag, _kinds(), n=1)
        hint = f"; did you mean {near[0]}?" if near else ""
        return f"kind: expected one of {', '.join(_kinds())}, found {_brief(tag)}{hint}"
    if kind == "value_error":
        return str(detail.get("ctx", {}).get("error", detail["msg"]))
    if key == "schema" and flag is None:
        return f"schema: expected 1, found {_brief(found)}; write schema = 1, or update gradprobe"
    return f"{key + ': ' if key else ''}expected {_expected(detail)}, found {_brief(found)}"


def _expected(detail: ErrorDetails) -> str:
    """Return in words what pydantic expected."""
    context: dict[str, Any] = detail.get("ctx", {})
    words = {
        "string_type": "text",
        "int_type": "a whole number",
        "float_type": "a number",
        "bool_type": "true or false",
        "finite_number": "a finite number",
        "tuple_type": "tables written [[flag]]",
        "model_type": "a table",
        "model_attributes_type": "a table",
        "literal_error": str(context.get("expected")),
        "greater_than_equal": f"at least {context.get('ge')}",
        "less_than_equal": f"at most {context.get('le')}",
        "string_too_long": f"at most {context.get('max_length')} characters",
        "string_pattern_mismatch": "letters, digits, '.', '_' and '-'"
        if detail["loc"][-1] == "name"
        else "a pattern without blanks",
    }
    return words.get(detail["type"], detail["msg"])


def _valid_keys(detail: ErrorDetails) -> list[str]:
    """Return the keys that are valid where the error is, required ones as they are declared."""
    from gradprobe.policy.schema import Expect, Policy

    location = detail["loc"]
    if len(location) > 1 and location[0] == "expect":
        return sorted(Expect.model_fields)
    if len(location) > 2 and location[0] == "flag":
        model = _models()[str(location[2])]
        return sorted(model.model_fields)
    return [field.alias or name for name, field in Policy.model_fields.items()]


def _kinds() -> list[str]:
    """Return the valid kinds."""
    return sorted(_models())


def _models() -> dict[str, Any]:
    """Return the model of each kind."""
    from typing import get_args

    from gradprobe.policy.schema import FLAGS

    return {kind: flag for flag in FLAGS for kind in get_args(flag.model_fields["kind"].annotation)}


def _line(text: str, flag: int | None, key: str | None) -> int | None:
    """Return the line of a key in the TOML, or of its table's header; None where it cannot be found."""
    lines = text.splitlines()
    start, header = 0, None
    if flag is not None:
        headers = [number for number, line in enumerate(lines) if _FLAG.match(line)]
        if flag >= len(headers):
            return None
        header = headers[flag]
        start = header + 1
    assignment = re.compile(rf"""^\s*["']?{re.escape(key)}["']?\s*=""") if key else None
    for number in range(start, len(lines)):
        if assignment and assignment.match(lines[number]):
            return number + 1
        if _HEADER.match(lines[number]):
            break
    return header + 1 if header is not None else None


def _brief(value: object) -> str:
    """Return a value as it may stand in a line."""
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _one_line(text: str) -> str:
    """Return text without line breaks or control characters."""
    return "".join(character if character.isprintable() else " " for character in text)

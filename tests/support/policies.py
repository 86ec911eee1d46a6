"""Writes a policy as TOML, for tests that load it again."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.policy.schema import Policy


def dump_policy(policy: Policy) -> str:
    """Return a policy as TOML that loads to an equal one; keys at their defaults that mean "none" are left out."""
    head = f"schema = {policy.format}\nname = {_value(policy.name)}\n"
    tables = (
        "\n[[flag]]\n"
        + "".join(f"{key} = {_value(value)}\n" for key, value in flag.model_dump(exclude_none=True).items())
        for flag in policy.flags
    )
    return head + "".join(tables)


def _value(value: object) -> str:
    """Return a TOML value: text, whole number, number, or boolean."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        # JSON's escapes are TOML's, but for DEL, which TOML wants escaped and JSON does not.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return repr(value)

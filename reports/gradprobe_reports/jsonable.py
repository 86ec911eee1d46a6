"""Values as JSON has them, for every format that is JSON.

JSON has no NaN and no infinity: a number that is not finite is written as the string `"nan"`, `"inf"` or `"-inf"`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from numbers import Integral
from typing import TypeAlias

from gradprobe.text.utf8 import writable

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"


def number(value: float | None) -> Json:
    """Return a number; one that is not finite as a word, None as None."""
    if value is None:
        return None
    value = float(value)
    return value if math.isfinite(value) else str(value)


def texts(values: tuple[str, ...]) -> list[Json]:
    """Return texts that UTF-8 can hold."""
    return [writable(value) for value in values]


def evidence(values: Mapping[str, float | int | str]) -> dict[str, Json]:
    """Return a finding's evidence; numbers of numpy become numbers."""
    return {writable(key): _evidence(value) for key, value in values.items()}


def _evidence(value: float | int | str) -> Json:
    if isinstance(value, str):
        return writable(value)
    # numpy's integers are not `int`, and its float32 is not `float`; a check may hand over either.
    return int(value) if isinstance(value, Integral) else number(value)

"""Numbers for the page's script, as JSON in an element that no browser runs."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING

import numpy as np
from markupsafe import Markup

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray


def packed(values: NDArray[np.float64]) -> str:
    """Return numbers as base64 of little-endian float32, which takes a third of their digits; NaN is no number.

    What float32 cannot hold is put at the end of its range: a chart has no more than a few hundred rows of pixels.
    """
    limit = float(np.finfo(np.float32).max)
    narrow = np.clip(values, -limit, limit).astype("<f4")
    return base64.b64encode(narrow.tobytes()).decode("ascii")


def packed_bits(flags: NDArray[np.uint8]) -> str:
    """Return small whole numbers as base64 of bytes."""
    return base64.b64encode(np.ascontiguousarray(flags, np.uint8).tobytes()).decode("ascii")


def as_script(drawn: Mapping[str, object] | None) -> Markup:
    """Return JSON that can stand in a script element: no `<` in it, so nothing that ends the element or begins a comment."""
    text = json.dumps(drawn, ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026"))

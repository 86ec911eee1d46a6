"""Text that UTF-8 can hold, for files and databases."""

from __future__ import annotations


def writable(text: str) -> str:
    r"""Return the text with each half of a surrogate pair spelled out as `\udcff`: UTF-8 has no form for it.

    Python allows one in a name, and puts it where a file's name or source could not be decoded.
    """
    return text.encode("utf-8", "backslashreplace").decode("utf-8")

"""A place in somebody's source code."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Site:
    """A line of source code, as it stood when it ran.

    Attributes:
        file: Absolute path, or what the interpreter called the source (`<string>`).
        line: Line number, from 1; 0 where the interpreter knows none.
        function: Qualified name of the function, `<module>` at the top level.
        code: The line's text without surrounding blanks; empty where it could not be read.
    """

    file: str
    line: int
    function: str = "<module>"
    code: str = ""

"""How a script is ended after so many steps."""

from __future__ import annotations


class StopTraining(BaseException):
    """Unwinds the script where its next training step would begin.

    Not an `Exception`, so that a script's own `except Exception` does not take it for an error of its own.
    """

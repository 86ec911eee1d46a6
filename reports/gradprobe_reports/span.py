"""The steps of a finding, in words."""

from __future__ import annotations


def when(first: int, last: int, steps: int) -> str:
    """Return the steps a finding was seen in: `since step 3`, `step 3`, `steps 3 to 9`.

    Args:
        first: The first step it was seen in.
        last: The last.
        steps: Steps of the run.
    """
    if last >= steps - 1 and last > first:
        return f"since step {first}"
    return f"step {first}" if last <= first else f"steps {first} to {last}"

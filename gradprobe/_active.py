"""What is active in this process, if anything: the only global state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder
    from gradprobe.watching import Watch


class Background(Protocol):
    """What records only while nobody asks for a recording: a test that is watched as a whole."""

    def pause(self) -> None:
        """End what is being recorded, and record nothing until `resume`."""

    def resume(self) -> None:
        """Record again."""


recorder: Recorder | None = None
"""The one recorder that is active, if any."""
background: Background | None = None
"""What steps aside for a recording that somebody asks for, if anything does."""
started: Watch | None = None
"""The watch that was begun by `start()` and not ended yet, if any."""

"""The one recorder that is active, if any: the only global state."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder

recorder: Recorder | None = None

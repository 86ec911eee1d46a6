"""Python warnings while the script trains: torch's own among them, with the user's line."""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.values import Warned

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe warnings that are shown; how they are shown stays as it is."""

    @recorder.guard.guarded
    def note(message: object, category: type[Warning]) -> None:
        site = recorder.sites.at(sys._getframe(1))
        recorder.incident(Warned(site, category.__name__, str(message)[:2000]))

    def before(args: Arguments, kwargs: Keywords) -> Any:
        message = args[0] if args else kwargs.get("message")
        category = args[1] if len(args) > 1 else kwargs.get("category", UserWarning)
        note(message, category)

    patches.wrap(warnings, "showwarning", before=before)

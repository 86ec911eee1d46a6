"""Standing around functions of a framework, with a net of its own: what does not fit ends the adapter, not the recording."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from gradprobe.recorder.patches import Arguments, Keywords, nothing

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder


class Standing:
    """Observes functions of one module behind the guard."""

    def __init__(self, recorder: Recorder, patches: Patches, module: str) -> None:
        """Prepare to observe.

        Args:
            recorder: What records.
            patches: Puts the functions back.
            module: The module's name, for the report if something does not fit.
        """
        self._recorder = recorder
        self._patches = patches
        self._module = module
        self._fits = True

    def around(
        self,
        owner: Any,
        name: str,
        *,
        before: Callable[[Arguments, Keywords], Any] = nothing,
        after: Callable[[Any, Any], None] = nothing,
    ) -> None:
        """Call observers before and after a function; `after` receives what `before` returned, and the result.

        Raises:
            AttributeError: If the owner has no such function: this version does not fit.
        """
        if name not in vars(owner):
            raise AttributeError(f"expected {owner.__name__} to have {name}, found none")
        self._patches.wrap(owner, name, before=self.fitting(before), after=self.fitting(after))

    def fitting(self, observe: Callable[..., Any]) -> Callable[..., Any]:
        """Return the observer behind the guard and the net; for a hook, or whatever else it is called by."""

        def observed(*args: Any) -> Any:
            if not self._fits:
                return None
            try:
                return observe(*args)
            except Exception as error:
                self._fits = False
                self._recorder.unfit(self._module, error)
                return None

        return self._recorder.guard.guarded(observed)

"""Lightning in one line: `Trainer(callbacks=[GradprobeCallback()])`, for `lightning` and for `pytorch_lightning`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradprobe.summary import as_text
from gradprobe.watching import Watch

if TYPE_CHECKING:
    import os

    from lightning.pytorch import Callback

    from gradprobe.values import Report
elif "pytorch_lightning" in sys.modules and "lightning.pytorch" not in sys.modules:
    from pytorch_lightning import Callback
else:
    try:
        from lightning.pytorch import Callback
    except ImportError:
        from pytorch_lightning import Callback


class GradprobeCallback(Callback):
    """Records what `trainer.fit` does, and prints the verdict, the findings and their fixes when it has ended.

    Within another recording, `gradprobe run` for instance, it joins that one, which is judged at its own end.

    Attributes:
        report: The judged run, when `fit` has ended; None before, and where it joined another recording.
        watch: What records; None before the first `fit`.
    """

    def __init__(
        self,
        output: str | os.PathLike[str] | None = None,
        *,
        policy: str | os.PathLike[str] = "default",
        quiet: bool = False,
    ) -> None:
        """Prepare to record.

        Args:
            output: The run directory; a new one below `.gradprobe/` where None.
            policy: Name of a shipped policy, or the path of a policy file.
            quiet: Whether to print nothing.
        """
        super().__init__()
        self.report: Report | None = None
        self.watch: Watch | None = None
        self._output = output
        self._policy = policy
        self._quiet = quiet
        self._records = False

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to record, before optimizers are configured: where they are built is part of what is looked at."""
        if stage == "fit" and not self._records:
            self.watch = Watch(self._output)
            self.watch.__enter__()
            self._records = True

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """End the recording, and say what came of it."""
        self._end(None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the recording where training failed, or was interrupted; the exception goes its way."""
        self._end(exception)

    def _end(self, error: BaseException | None) -> None:
        if not self._records or self.watch is None:
            return
        self._records = False
        self.watch.__exit__(
            None if error is None else type(error), error, None if error is None else error.__traceback__
        )
        if self.watch.has_joined or (not self.watch.has_trained and error is None):
            return
        self.report = self.watch.report(self._policy)
        if not self._quiet:
            print(as_text(self.report), file=sys.stderr)

"""Lightning in one line: `Trainer(callbacks=[GradprobeCallback()])`, for `lightning` and for `pytorch_lightning`."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

from gradprobe.errors import GradprobeError
from gradprobe.launch import launch
from gradprobe.policy import load_policy
from gradprobe.summary import as_text
from gradprobe.watching import Watch

if TYPE_CHECKING:
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

    Within another recording, `gradprobe run` for instance, it joins that one, which is judged at its own end. Of several ranks
    each is recorded, and the first judges.

    Attributes:
        report: The judged run, when `fit` has ended; None before, where it joined another recording, and on other ranks.
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
            output: The run directory; a new one below `.gradprobe/` where None. A second `fit` has a 2 added to it, and so on.
            policy: Name of a shipped policy, or the path of a policy file.
            quiet: Whether to print nothing.

        Raises:
            PolicyError: If the policy does not validate.
        """
        super().__init__()
        load_policy(os.fspath(policy))
        self.report: Report | None = None
        self.watch: Watch | None = None
        self._output = output
        self._policy = policy
        self._quiet = quiet
        self._records = False
        self._fits = 0

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to record, before optimizers are configured: where they are built is part of what is looked at.

        Raises:
            RecordError: If the run directory cannot be created, or holds a run.
        """
        if stage == "fit" and not self._records:
            self._fits += 1
            self.report = None
            self.watch = Watch(self._place(trainer))
            self.watch.__enter__()
            self._records = True

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """End the recording, and say what came of it."""
        self._end(trainer, None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the recording where training failed, or was interrupted; the exception goes its way."""
        self._end(trainer, exception)

    def _place(self, trainer: Any) -> str | None:
        if self._output is None:
            return None
        name = os.fspath(self._output) + (f"-{self._fits}" if self._fits > 1 else "")
        # A process that was forked or spawned as a rank has not been told by its environment.
        is_untold = trainer.global_rank > 0 and launch().is_alone
        return f"{name}-rank-{trainer.global_rank}" if is_untold else name

    def _end(self, trainer: Any, error: BaseException | None) -> None:
        if not self._records or self.watch is None:
            return
        self._records = False
        kind, trace = (None, None) if error is None else (type(error), error.__traceback__)
        self.watch.__exit__(kind, error, trace)
        if self.watch.has_joined or (error is None and not self.watch.has_trained) or not trainer.is_global_zero:
            return
        try:
            self.report = self.watch.report(self._policy)
            text = as_text(self.report)
        except GradprobeError as failure:  # The training is done; what it came to is not lost for a report.
            text = f"gradprobe: {failure}"
        if not self._quiet:
            print(text, file=sys.stderr)

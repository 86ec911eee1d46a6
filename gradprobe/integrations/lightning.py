"""Lightning in one line: `Trainer(callbacks=[GradprobeCallback()])`, for `lightning` and for `pytorch_lightning`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from gradprobe.integrations.trainings import Trainings, unharmed

if TYPE_CHECKING:
    import os

    from lightning.pytorch import Callback

    from gradprobe.values import Report
    from gradprobe.watching import Watch
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
    each is recorded, and the first judges. Where recording or judging fails, that is said in one line, and training goes on.
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
            output: The run directory; a new one below `.gradprobe/` where None. A second `fit` has `-2` added to it, and so on.
            policy: Name of a shipped policy, or the path of a policy file.
            quiet: Whether to print nothing but why there is no record, or no report.

        Raises:
            PolicyError: If the policy does not validate.
        """
        super().__init__()
        self._trainings = Trainings(output, policy, is_quiet=quiet)

    @property
    def report(self) -> Report | None:
        """The judged run, when `fit` has ended; None before, where it joined another recording, and on other ranks."""
        return self._trainings.report

    @property
    def watch(self) -> Watch | None:
        """What records; None before the first `fit`."""
        return self._trainings.watch

    def setup(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Begin to record, before optimizers are configured: where they are built is part of what is looked at."""
        if stage == "fit" and not self._trainings.records:
            with unharmed():
                self._trainings.begin(rank=trainer.global_rank)

    def on_fit_end(self, trainer: Any, pl_module: Any) -> None:
        """End the recording, and say what came of it."""
        self._end(trainer, None)

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the recording where training failed, or was interrupted; the exception goes its way."""
        self._end(trainer, exception)

    def _end(self, trainer: Any, error: BaseException | None) -> None:
        with unharmed():
            self._trainings.end(error, rank=trainer.global_rank, world=trainer.world_size)

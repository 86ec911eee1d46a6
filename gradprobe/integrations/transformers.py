"""transformers in one line: `Trainer(..., callbacks=[GradprobeCallback()])`, and so for the trainers of trl."""

from __future__ import annotations

import functools
import weakref
from typing import TYPE_CHECKING, Any

from transformers import Trainer, TrainerCallback

from gradprobe.integrations.trainings import Trainings, unharmed

if TYPE_CHECKING:
    import os

    from gradprobe.values import Report
    from gradprobe.watching import Watch


class GradprobeCallback(TrainerCallback):
    """Records what `trainer.train()` does, and prints the verdict, the findings and their fixes when it has ended.

    Within another recording, `gradprobe run` for instance, it joins that one, which is judged at its own end. Where `train()`
    raises, the recording ends as well, and the exception goes its way. The Trainer has no event for that: while a callback of this
    class is alive, `Trainer.train` is wrapped. Of several ranks each is recorded, and the first judges. Where recording or judging
    fails, that is said in one line, and training goes on.
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
            output: The run directory; a new one below `.gradprobe/` where None. A second `train()` has `-2` added to it, and so on.
            policy: Name of a shipped policy, or the path of a policy file.
            quiet: Whether to print nothing but why there is no record, or no report.

        Raises:
            PolicyError: If the policy does not validate.
        """
        self._trainings = Trainings(output, policy, is_quiet=quiet)
        _WATCHED.add(self)

    @property
    def report(self) -> Report | None:
        """The judged run, when `train()` has ended or failed; None before, where it joined another recording, and on other ranks."""
        return self._trainings.report

    @property
    def watch(self) -> Watch | None:
        """What records; None before the first `train()`."""
        return self._trainings.watch

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to record; the Trainer may begin anew, with smaller batches (`auto_find_batch_size`)."""
        with unharmed():
            self._trainings.begin(rank=args.process_index)

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End the recording, and say what came of it."""
        self._end(args, None)

    def _end(self, args: Any, error: BaseException | None) -> None:
        with unharmed():
            self._trainings.end(error, rank=args.process_index, world=args.world_size)


class _Watched:
    """The callbacks that are alive; `Trainer.train` is wrapped as long as there is one."""

    def __init__(self) -> None:
        self._alive = 0
        self._original: Any = None
        self._wrapper: Any = None

    def add(self, callback: GradprobeCallback) -> None:
        self._alive += 1
        weakref.finalize(callback, self._remove).atexit = False
        if self._alive == 1:
            self._original = Trainer.train
            self._wrapper = Trainer.train = _telling(self._original)  # type: ignore[method-assign]

    def _remove(self) -> None:
        self._alive -= 1
        if not self._alive and Trainer.train is self._wrapper:
            Trainer.train = self._original  # type: ignore[method-assign]


_WATCHED = _Watched()


def _telling(original: Any) -> Any:
    """Return `Trainer.train`, telling callbacks of the exception that it raises."""

    @functools.wraps(original)
    def train(self: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return original(self, *args, **kwargs)
        except BaseException as error:
            for callback in self.callback_handler.callbacks:
                if isinstance(callback, GradprobeCallback):
                    callback._end(self.args, error)
            raise

    return train

"""transformers in one line: `Trainer(..., callbacks=[GradprobeCallback()])`, and so for the trainers of trl."""

from __future__ import annotations

import functools
import sys
import weakref
from typing import TYPE_CHECKING, Any

from transformers import Trainer, TrainerCallback

from gradprobe.summary import as_text
from gradprobe.watching import Watch

if TYPE_CHECKING:
    import os

    from gradprobe.values import Report


class GradprobeCallback(TrainerCallback):
    """Records what `trainer.train()` does, and prints the verdict, the findings and their fixes when it has ended.

    Within another recording, `gradprobe run` for instance, it joins that one, which is judged at its own end. Where `train()`
    raises, the recording ends as well, and the exception goes its way. The Trainer has no event for that: while a callback of this
    class is alive, `Trainer.train` is wrapped.

    Attributes:
        report: The judged run, when `train()` has ended or failed; None before, and where it joined another recording.
        watch: What records; None before the first `train()`.
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
        self.report: Report | None = None
        self.watch: Watch | None = None
        self._output = output
        self._policy = policy
        self._quiet = quiet
        self._records = False
        _WATCHED.add(self)

    def on_train_begin(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """Begin to record."""
        if self._records:  # The Trainer begins anew, with smaller batches (`auto_find_batch_size`).
            self._leave(None)
        watch = Watch(self._output)
        watch.__enter__()
        self.watch, self.report, self._records = watch, None, True

    def on_train_end(self, args: Any, state: Any, control: Any, **kwargs: Any) -> None:
        """End the recording, and say what came of it."""
        self._end(None, is_quiet=self._quiet or not state.is_world_process_zero)

    def _failed(self, error: BaseException, state: Any) -> None:
        self._end(error, is_quiet=self._quiet or not state.is_world_process_zero)

    def _end(self, error: BaseException | None, *, is_quiet: bool) -> None:
        watch = self.watch
        if not self._records or watch is None:
            return
        self._leave(error)
        if watch.has_joined or (not watch.has_trained and error is None):
            return
        self.report = watch.report(self._policy)
        if not is_quiet:
            print(as_text(self.report), file=sys.stderr)

    def _leave(self, error: BaseException | None) -> None:
        self._records = False
        if self.watch is not None:
            self.watch.__exit__(
                None if error is None else type(error), error, None if error is None else error.__traceback__
            )


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
                    callback._failed(error, self.state)
            raise

    return train

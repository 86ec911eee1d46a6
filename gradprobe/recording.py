"""A recording from the outside: armed before the script imports torch, finished when it has ended."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import sqlite3
import sys
import time
from collections.abc import Callable, Container, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe import __version__, _active
from gradprobe.children import Children, Orders
from gradprobe.errors import UsageError
from gradprobe.imports import after_import
from gradprobe.launch import launch
from gradprobe.notes import Notes
from gradprobe.record.create import create_record
from gradprobe.record.directory import child_path, create_run, record_path

if TYPE_CHECKING:
    from gradprobe.record.rows import StepRow
    from gradprobe.record.writer import RecordWriter
    from gradprobe.recorder.recorder import Recorder


class Recording:
    """Owns the record's writer, and the recorder from the moment that torch is there.

    Attributes:
        run: The run directory.
        launched: Which process of which job this is.
        recorder: None until the script has imported torch.
        child_words: Words of a command line by which a framework that starts the script's other ranks has them recorded to this run.
    """

    def __init__(
        self,
        script: str,
        argv: Sequence[str],
        *,
        output: Path | None = None,
        max_steps: int | None = None,
        user_roots: Iterable[Path] = (),
        on_step: Callable[[StepRow, Recorder], None] | None = None,
        policy: str | None = None,
        overhead: float = 0.02,
        deep: Container[int] | None = None,
        is_child: bool = False,
        children: bool = False,
    ) -> None:
        """Create the run and wait for torch.

        Args:
            script: The program as it was named.
            argv: Its arguments.
            output: The run directory; a new one below `.gradprobe/` where None.
            max_steps: End the script after so many training steps.
            user_roots: Directories whose code is the user's wherever they are.
            on_step: Called with each step that is written.
            policy: Name or file of the policy that the user chose, for those who judge the run again.
            overhead: What recording may cost, as a share of the run's time.
            deep: The steps to follow in depth; None to choose them by what happens and by the overhead.
            is_child: Whether a recorded process has started this one, and `output` is its run.
            children: Whether the processes that this one starts are recorded as well; those of a child always are.

        Raises:
            RecordError: If the run cannot be created.
            UsageError: If a recording is going on in this process.
        """
        if _active.recorder is not None:
            raise UsageError("expected one recording at a time, found one going on in this process; end it first")
        launched = launch()
        joined = output if is_child else None
        self.run = joined or create_run(script, output=output, launched=launched)
        self.launched = launched
        self.recorder: Recorder | None = None
        self.child_words: tuple[str, ...] = ()
        self._began = time.perf_counter()
        self._options = (max_steps, tuple(user_roots), on_step, overhead, deep)
        self._pid = os.getpid()
        own = record_path(self.run, launched.rank)
        # A job that its launcher starts anew in a named directory finds the records of its first attempt there.
        self._path = child_path(self.run, self._pid) if is_child or own.exists() else own
        self._is_child = is_child
        self._notes = Notes(self._path)
        self._connection = create_record(
            self._path,
            {
                "gradprobe": __version__,
                "script": script,
                "argv": list(argv),
                "python": platform.python_version(),
                "started": datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "started_time": time.time(),
                "rank": launched.rank,
                "world": launched.world,
                "pid": os.getpid(),
                "host": platform.node(),
                "policy": policy,
                **({"child": True} if is_child else {}),
            },
        )
        orders = Orders(script, tuple(argv), self.run.absolute(), max_steps, self._options[1], policy, overhead, deep)
        self._children = Children(orders) if children or is_child else None
        if self._children is not None:
            self._children.start()
        self._disarm = after_import("torch", self._attach)

    def finish(self, *, exit_code: int | None, exception: str | None, stopped_by: str) -> None:
        """End the recording and close the record. Does nothing in a forked child, or when called again."""
        if self._pid != os.getpid():
            return
        self._pid = -1
        self._disarm()
        if self._children is not None:
            self._children.stop()
        facts = {
            "seconds": time.perf_counter() - self._began,
            "exit_code": exit_code,
            "exception": exception,
            "stopped_by": stopped_by,
        }
        if self.recorder is not None:
            _active.recorder = None
            self.recorder.finish(facts)
        else:
            try:
                writer = self._writer()
                writer.set_facts(facts)
                writer.finish()
            except sqlite3.Error as error:  # A full disk is no reason to lose the script's own exit code.
                print(f"gradprobe: cannot finish the record {self._path}: {error}", file=sys.stderr)
        if self._is_child and exception is None and not self.has_trained:
            with contextlib.suppress(OSError):
                self._path.unlink()

    @property
    def has_trained(self) -> bool:
        """Whether there was any training so far: a step, or a call of one that is still open."""
        return self.recorder is not None and (self.steps > 0 or bool(self.recorder.steps.open.calls))

    @property
    def steps(self) -> int:
        """Training steps so far."""
        return 0 if self.recorder is None else self.recorder.steps.completed

    def _writer(self) -> RecordWriter:
        from gradprobe.record.writer import RecordWriter

        return RecordWriter(self._path, self._connection)

    def _attach(self) -> None:
        if self._pid != os.getpid():
            return
        try:
            from gradprobe.recorder.recorder import Recorder

            max_steps, user_roots, on_step, overhead, deep = self._options
            self.recorder = Recorder(
                self._writer(),
                max_steps=max_steps,
                user_roots=user_roots,
                on_step=on_step,
                overhead=overhead,
                deep=deep,
                is_child=self._is_child,
                on_crash=self._notes.attach,
            )
            self.recorder.child_words = self.child_words
            self.recorder.start()
        except Exception as error:  # Whatever is wrong with the recorder, the script's import of torch goes on.
            print(
                f"gradprobe: cannot record this script, it goes on without: {type(error).__name__}: {error}",
                file=sys.stderr,
            )
            if self.recorder is not None:
                self.recorder.give_up(error)
            return
        _active.recorder = self.recorder

"""Has the processes that a recorded program starts with multiprocessing record themselves, into the run of the program.

A forked child has everything that it needs. One that begins anew (spawn, forkserver) is told by what its parent sends ahead, as
coverage does it: an object among the preparation data whose unpickling begins the recording, before the child imports the script.
A child that never trained leaves no record; workers of data loaders and servers of multiprocessing's own are not looked at.
"""

from __future__ import annotations

import contextlib
import functools
import os
import sys
import threading
import traceback
from collections.abc import Callable, Container, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from gradprobe import _active
from gradprobe.imports import after_import
from gradprobe.recorder.stop import StopTraining
from gradprobe.runner.signals import drop_inherited
from gradprobe.runner.tracebacks import peeled

if TYPE_CHECKING:
    from gradprobe.recording import Recording

_HELPERS: Final = ("multiprocessing.", "torch.utils.data.", "torch.multiprocessing.")
"""Packages whose own functions, as the target of a process, are no training of the script's."""
_POOLS: Final = ("multiprocessing.pool", "torch.multiprocessing.pool")
_NOT_HELPERS: Final = (*(f"{pool}." for pool in _POOLS), "torch.multiprocessing.spawn.")
"""What stands around functions of the script's there."""


@dataclass(frozen=True, slots=True)
class Orders:
    """How a program is recorded: the same in all of its processes.

    Attributes:
        script: As in `Recording`.
        argv: As in `Recording`.
        run: The run directory.
        max_steps: As in `Recording`.
        user_roots: As in `Recording`.
        policy: As in `Recording`.
        overhead: As in `Recording`.
        deep: As in `Recording`.
    """

    script: str
    argv: tuple[str, ...]
    run: Path
    max_steps: int | None
    user_roots: tuple[Path, ...]
    policy: str | None
    overhead: float
    deep: Container[int] | None


class Children:
    """Stands where multiprocessing starts processes, from `start` to `stop`."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self._undo: list[Callable[[], None]] = []
        self._starting = threading.local()

    def start(self) -> None:
        """Wait for multiprocessing, which a script that starts no process may never import."""
        for name, install in (
            ("multiprocessing.process", self._stand_in_processes),
            ("multiprocessing.spawn", self._stand_in_spawn),
        ):
            self._undo.append(after_import(name, _installer(install, name)))

    def stop(self) -> None:
        """Step away again."""
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, value: Any) -> None:
        original = vars(owner)[name]
        setattr(owner, name, value)

        def put_back() -> None:
            if vars(owner).get(name) is value:
                setattr(owner, name, original)

        self._undo.append(put_back)

    def _stand_in_processes(self, module: ModuleType) -> None:
        """Stand around the start of a process, in the parent, and around the whole of it, in the child."""
        start, bootstrap = module.BaseProcess.start, module.BaseProcess._bootstrap

        def started(process: Any) -> None:
            self._starting.process = process
            try:
                start(process)
            finally:
                self._starting.process = None

        def bootstrapped(process: Any, *args: Any, **kwargs: Any) -> int:
            if os.getpid() in _IN_PROCESS:  # By a wrapper around this one: a child inherits its parent's.
                return int(bootstrap(process, *args, **kwargs))
            _IN_PROCESS[:] = [os.getpid()]
            drop_inherited()
            recording = _taken() or (record(self._orders) if _is_of_interest(process) else None)
            if recording is None:
                return int(bootstrap(process, *args, **kwargs))
            with _recorded(process, recording) as ended:
                ended.code = bootstrap(process, *args, **kwargs)
            return ended.code

        self._replace(module.BaseProcess, "start", started)
        self._replace(module.BaseProcess, "_bootstrap", bootstrapped)

    def _stand_in_spawn(self, module: ModuleType) -> None:
        """Send the orders ahead to a process that begins anew."""
        prepare = module.get_preparation_data

        def get_preparation_data(name: str) -> dict[str, Any]:
            data: dict[str, Any] = prepare(name)
            process = getattr(self._starting, "process", None)
            if process is not None and _is_of_interest(process):
                data["gradprobe"] = Stowaway(self._orders)
            return data

        self._replace(module, "get_preparation_data", get_preparation_data)


class Stowaway:
    """Travels with what a new process is told before it begins, and begins to record there."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders

    def __getstate__(self) -> Orders:
        return self._orders

    def __setstate__(self, orders: Orders) -> None:
        recording = record(orders)
        if recording is not None:
            _BEGUN.append(recording)


_BEGUN: Final[list[Recording]] = []
"""The recording of a process that began anew, until its function runs."""
_IN_PROCESS: Final[list[int]] = []
"""The process, if any, whose function runs under a wrapper of ours: its number, because a fork inherits this."""


def record(orders: Orders) -> Recording | None:
    """Begin to record this process, a child; None, and a line on stderr, where that is not possible.

    Args:
        orders: How its parent is recorded.
    """
    from gradprobe.recording import Recording

    try:
        inherited, _active.recorder = _active.recorder, None
        if inherited is not None:  # A forked child has its parent's, whose record is the parent's.
            inherited.step_aside()
        return Recording(
            orders.script,
            orders.argv,
            output=orders.run,
            max_steps=orders.max_steps,
            user_roots=orders.user_roots,
            policy=orders.policy,
            overhead=orders.overhead,
            deep=orders.deep,
            is_child=True,
        )
    except Exception as error:
        print(
            f"gradprobe: cannot record process {os.getpid()}, it goes on without: {type(error).__name__}: {error}",
            file=sys.stderr,
        )
        return None


def _installer(install: Callable[[ModuleType], None], name: str) -> Callable[[], None]:
    return lambda: install(sys.modules[name])


def _taken() -> Recording | None:
    return _BEGUN.pop() if _BEGUN else None


def _is_of_interest(process: Any) -> bool:
    module = f"{getattr(getattr(process, '_target', None), '__module__', '')}."
    return module.startswith(_NOT_HELPERS) or not module.startswith(_HELPERS)


@dataclass(slots=True)
class _Ended:
    """How a process ended: the code that multiprocessing gives it, and the exception, if one ended it."""

    code: int = 1
    error: BaseException | None = None
    stopped: bool = False


@contextlib.contextmanager
def _recorded(process: Any, recording: Recording) -> Iterator[_Ended]:
    """Finish the recording of a process with its end."""
    ended, run = _Ended(), process.run

    def run_recorded() -> None:
        try:
            run()
        except StopTraining:
            ended.stopped = True
        except BaseException as error:
            # torch.multiprocessing tells its parent of the exception, and ends with `sys.exit(1)`.
            cause = error.__context__ if isinstance(error, SystemExit) and error.code else error
            ended.error = None if isinstance(cause, SystemExit) else cause
            if ended.error is not None and recording.recorder is not None:
                recording.recorder.script_crashed(ended.error)
            raise

    process.run = run_recorded
    if getattr(getattr(process, "_target", None), "__module__", None) in _POOLS:
        with contextlib.suppress(Exception):  # Where pools are made otherwise, the worker is recorded all the same.
            _write_before_results(process._args[1], recording)
    shown = traceback.print_exc
    traceback.print_exc = _peeling(shown)  # By which multiprocessing shows the exception: without our frame in between.
    try:
        yield ended
    finally:
        traceback.print_exc = shown
        error = ended.error
        recording.finish(
            exit_code=0 if ended.stopped else ended.code,
            exception=None if error is None else f"{type(error).__name__}: {error}"[:2000],
            stopped_by="max-batches" if ended.stopped else "script" if error is None else "exception",
        )


def _write_before_results(results: Any, recording: Recording) -> None:
    """Have a pool's worker write what it knows before it hands over what a task has given: its pool may end it at any time after.

    Not by a handler of the signal: one that comes just before the worker waits for its next task would be looked at when it has one.

    Args:
        results: The queue to which `multiprocessing.pool.worker` hands them.
        recording: The worker's.
    """
    put = results.put

    def put_recorded(result: object) -> None:
        if recording.recorder is not None:
            recording.recorder.write_known()
        put(result)

    results.put = put_recorded


def _peeling(show: Callable[..., None]) -> Callable[..., None]:
    """Return `traceback.print_exc` for tracebacks without frames of gradprobe."""

    @functools.wraps(show)
    def print_exc(*args: Any, **kwargs: Any) -> None:
        error = sys.exc_info()[1]
        if error is not None:
            peeled(error)
        show(*args, **kwargs)

    return print_exc

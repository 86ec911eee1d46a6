"""Runs a program as `__main__`, and says how it ended."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from gradprobe.notes import hidden
from gradprobe.recorder.stop import StopTraining
from gradprobe.runner.program import Program
from gradprobe.runner.tracebacks import peeled


class Interrupted(BaseException):
    """A program was ended by Ctrl-C, and this process is to end as it would have."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Attributes:
        exit_code: The code it would have ended with under `python`.
        error: The exception that nobody caught, if one ended it.
        interrupted: Whether that was Ctrl-C.
        stopped: Whether the recorder ended it, after as many steps as were wanted.
    """

    exit_code: int
    error: BaseException | None = None
    interrupted: bool = False
    stopped: bool = False


def execute(program: Program, failed: Callable[[BaseException], None] | None = None) -> Outcome:
    """Run the program in this process, and wait for its threads.

    The working directory is the program's own affair; `sys.argv`, `sys.path[0]` and `sys.modules['__main__']` are as
    `python` would have set them, and stay so, because threads, exit handlers and unpickling still need them afterwards.

    Args:
        program: What to run.
        failed: Called with an exception that nobody caught, before it is shown.
    """
    outcome = _executed(program, failed)
    if outcome.stopped:
        return outcome  # A thread may be waiting for what would have come after the loop.
    try:
        _wait_for_threads()
    except KeyboardInterrupt as error:
        return Outcome(130, outcome.error or error, interrupted=True)
    return outcome


def _executed(program: Program, failed: Callable[[BaseException], None] | None) -> Outcome:
    main = _install(program)
    threading.excepthook = _thread_ended(threading.excepthook)
    failure: BaseException
    try:
        exec(program.code, main.__dict__)
    except StopTraining:
        return Outcome(0, stopped=True)
    except SystemExit as error:
        return Outcome(_exit_code(error.code))
    except BaseException as error:
        failure = error
    else:
        return Outcome(0)
    if failed is not None:
        failed(failure)
    code = _show(failure)  # Out here, where it is no longer being handled: as the interpreter calls `sys.excepthook`.
    interrupted = isinstance(failure, KeyboardInterrupt)
    return Outcome(130 if interrupted else code, failure, interrupted)


def _thread_ended(show: Callable[[threading.ExceptHookArgs], object]) -> Callable[[threading.ExceptHookArgs], None]:
    """Return what shows the exception that ended a thread as it would be shown without gradprobe."""

    def hook(ended: threading.ExceptHookArgs) -> None:
        error = ended.exc_value
        if isinstance(error, StopTraining):
            return  # The thread trained, and the recorder ended it.
        if error is not None:
            peeled(error)
            ended = threading.ExceptHookArgs((ended.exc_type, error, error.__traceback__, ended.thread))
        show(ended)

    return hook


def _wait_for_threads() -> None:
    """Wait for the threads that `python` would wait for before it ends.

    Idle workers of a thread pool are left out: they end when the interpreter does.
    """
    pools = sys.modules.get("concurrent.futures.thread")
    workers: Any = getattr(pools, "_threads_queues", {})
    while threads := [
        thread
        for thread in threading.enumerate()
        if thread is not threading.current_thread() and not thread.daemon and thread not in workers
    ]:
        for thread in threads:
            thread.join()


def _install(program: Program) -> ModuleType:
    main = ModuleType("__main__")
    main.__file__ = program.file
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    main.__dict__["__cached__"] = None if program.spec is None else program.spec.cached
    if "__annotations__" in vars(sys.modules["__main__"]):  # Which Python 3.14 no longer begins with.
        main.__dict__.update(__annotations__={})
    main.__spec__ = program.spec
    main.__loader__ = program.loader
    main.__package__ = None if program.spec is None else program.spec.parent
    sys.modules["__main__"] = main
    sys.argv = list(program.argv)
    if not getattr(sys.flags, "safe_path", False):  # `python -P`, from 3.11 on.
        sys.path[0] = program.path
    return main


def _exit_code(code: object) -> int:
    """Return what the interpreter makes of `sys.exit(code)`; a text is printed, as the interpreter does."""
    if code is None:
        return 0
    if isinstance(code, int):
        return code & 0xFF
    print(code, file=sys.stderr)
    return 1


def _is_plain(hook: Callable[..., object]) -> bool:
    """Return whether a hook is the interpreter's, or the one of `torch.distributed` that puts the rank in front."""
    return hook is sys.__excepthook__ or str(getattr(hook, "__module__", "")).split(".")[0] == "torch"


def _show(error: BaseException) -> int:
    """Show an uncaught exception as the interpreter would, without frames of gradprobe; return the exit code."""
    peeled(error)
    sys.last_type, sys.last_value, sys.last_traceback = type(error), error, error.__traceback__
    try:
        # A hook of the script's own may send the note anywhere; the interpreter's would show it just above the report.
        with hidden(error) if _is_plain(sys.excepthook) else contextlib.nullcontext():
            sys.excepthook(type(error), error, error.__traceback__)
    except SystemExit as ending:
        return _exit_code(ending.code)
    except BaseException as broken:
        second = broken
    else:
        return 1
    peeled(second)
    print("Error in sys.excepthook:", file=sys.stderr)
    sys.__excepthook__(type(second), second, second.__traceback__)
    print("\nOriginal exception was:", file=sys.stderr)
    sys.__excepthook__(type(error), error, error.__traceback__)
    return 1

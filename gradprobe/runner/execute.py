"""Runs a program as `__main__`, and says how it ended."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from types import ModuleType, TracebackType
from typing import Any

from gradprobe.runner.program import Program
from gradprobe.runner.tracebacks import peeled


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a program ended.

    Attributes:
        exit_code: The code it would have ended with under `python`.
        error: The exception that nobody caught, if one ended it.
        interrupted: Whether that was Ctrl-C.
    """

    exit_code: int
    error: BaseException | None = None
    interrupted: bool = False


def execute(program: Program) -> Outcome:
    """Run the program in this process.

    The working directory is the program's own affair; `sys.argv`, `sys.path[0]` and `sys.modules['__main__']` are as
    `python` would have set them, and stay so, because threads, exit handlers and unpickling still need them afterwards.

    Raises:
        BaseException: `StopTraining`, which is the recorder's.
    """
    main = _install(program)
    try:
        exec(program.code, main.__dict__)
    except SystemExit as error:
        return Outcome(_exit_code(error.code))
    except Exception as error:
        return Outcome(1, _shown(error))
    except KeyboardInterrupt as error:
        return Outcome(130, _shown(error), interrupted=True)
    return Outcome(0)


def wait_for_threads() -> None:
    """Wait for the threads that `python` would wait for before it ends.

    Idle workers of a thread pool are left out: they end when the interpreter does.
    """
    pools = sys.modules.get("concurrent.futures.thread")
    workers: Any = getattr(pools, "_threads_queues", {})
    for thread in threading.enumerate():
        if thread is not threading.current_thread() and not thread.daemon and thread not in workers:
            thread.join()


def _install(program: Program) -> ModuleType:
    main = ModuleType("__main__")
    main.__file__ = program.file
    main.__dict__["__builtins__"] = sys.modules["builtins"]
    main.__dict__["__cached__"] = None
    main.__spec__ = program.spec
    main.__loader__ = program.loader
    main.__package__ = None if program.spec is None else program.spec.parent
    sys.modules["__main__"] = main
    sys.argv = list(program.argv)
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


def _shown(error: BaseException) -> BaseException:
    """Show an uncaught exception as the interpreter would, without frames of gradprobe."""
    peeled(error)
    trace: TracebackType | None = error.__traceback__
    sys.excepthook(type(error), error, trace)
    return error

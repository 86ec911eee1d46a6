"""`gradprobe run`: run a training script under the recorder, then judge it."""

from __future__ import annotations

import contextlib
import gc
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TextIO

import typer
from typer.core import TyperCommand

from gradprobe.commands.deep_steps import chosen_steps, overhead_share
from gradprobe.commands.judging import REFERENCE, Judging, judge_run, judging, policy_for, show
from gradprobe.commands.options import FailOn, FormatName, Ignore, NoSource, PolicyFile, Reports, Select, To
from gradprobe.commands.split import Split, split
from gradprobe.errors import GradprobeError
from gradprobe.launch import launch
from gradprobe.record.joining import claim_judgement
from gradprobe.recording import Recording
from gradprobe.runner.execute import Interrupted, Outcome, execute
from gradprobe.runner.leaving import watched_exits
from gradprobe.runner.program import Program, module_program, script_program
from gradprobe.runner.signals import nothing, pass_on_signals

if TYPE_CHECKING:
    from gradprobe.live.child import LiveScreen

_LONG: Final = 10.0
"""Seconds that the judgement waits for other processes of the run to end their records."""
_SHORT: Final = 1.0
"""The same, where the program failed."""


class RunCommand(TyperCommand):
    """Takes its own options, and leaves everything from the script on alone."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse gradprobe's own options; the rest is kept in the context."""
        takes_value = {
            name: not getattr(option, "is_flag", False)
            for option in self.get_params(ctx)
            for name in (*option.opts, *option.secondary_opts)
        }
        ctx.obj = split(args, takes_value)
        return super().parse_args(ctx, list(ctx.obj.own))

    def format_usage(self, ctx: Any, formatter: Any) -> None:
        """Write the usage line, which Typer cannot know."""
        formatter.write_usage(ctx.command_path, "[OPTIONS] [SCRIPT | -m MODULE] [ARGS]...")

    def collect_usage_pieces(self, ctx: Any) -> list[str]:
        """Return the usage line's pieces."""
        return ["[OPTIONS]", "[SCRIPT | -m MODULE]", "[ARGS]..."]


def run(
    context: typer.Context,
    max_batches: Annotated[
        int | None,
        typer.Option("--max-batches", min=1, metavar="N", help="End the program after N training steps, then judge."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", metavar="DIR", help="Directory for the run; a new one below .gradprobe/ by default."),
    ] = None,
    reports: Reports = None,
    format_name: FormatName = None,
    to: To = None,
    policy: PolicyFile = None,
    fail_on: FailOn = "error",
    overhead: Annotated[
        str,
        typer.Option("--overhead", metavar="PERCENT", help="What recording may cost, as a share of the run's time."),
    ] = "2%",
    deep: Annotated[
        str | None,
        typer.Option("--deep", metavar="STEPS", help="Follow these steps in depth (0-5,100-110), or none."),
    ] = None,
    select: Select = None,
    ignore: Ignore = None,
    no_source: NoSource = False,
    live: Annotated[
        bool | None,
        typer.Option("--live/--no-live", help="Show progress while the program runs (by default, unless --quiet)."),
    ] = None,
    quiet: Annotated[
        bool, typer.Option("--quiet", help="Leave the terminal to the program: no progress, no report.")
    ] = False,
) -> None:
    """Run a training script under the recorder, then judge it.

    Without a script, the reference training loop runs; its own options are accepted (--epochs, --agent-lr, --qwen-lr,
    --device, --seed, --fault NAME, …). What stands after a script belongs to the script.

    Exits with 0 when healthy, 1 when red, 2 when it could not be run or did not train, and with the script's own code
    when that is not 0.
    """
    how = judging(policy, fail_on, select, ignore, reports, format_name, source=not no_source, to=to)
    program, is_reference = _program(context.obj, max_batches)
    launched = launch()
    terminal = None if quiet else sys.stderr  # As it is now: the program may put another in its place.
    shows_progress = terminal is not None and live is not False and not launched.rank
    on_step = None
    if shows_progress and not sys.stderr.isatty():
        from gradprobe.commands.progress import print_progress

        on_step = print_progress
    recording = Recording(
        program.shown,
        program.argv[1:],
        output=output,
        # The reference loop ends by itself, after the last policy update: it was told so.
        max_steps=None if is_reference else max_batches,
        user_roots=program.roots,
        on_step=on_step,
        policy=_lasting(policy),
        overhead=overhead_share(overhead),
        deep=chosen_steps(deep),
        children=True,
    )
    recording.child_words = _child_words(recording.run, max_batches, overhead, deep)
    screen = None
    if shows_progress and sys.stderr.isatty():
        from gradprobe.live.child import start_live

        screen = start_live(recording.run, policy_for(program.shown, policy))
    raise SystemExit(_carry_out(program, recording, how, screen, terminal))


def _child_words(run: Path, max_batches: int | None, overhead: str, deep: str | None) -> tuple[str, ...]:
    """Return the words that record another rank of the job to the same run; its exit code is its script's alone."""
    words = ["-m", "gradprobe", "run", "--quiet", "--fail-on", "never", "--output", str(run.absolute())]
    words += [] if max_batches is None else ["--max-batches", str(max_batches)]
    words += ["--overhead", overhead]
    return (*words, *([] if deep is None else ["--deep", deep]))


def _lasting(policy: str | None) -> str | None:
    """Return the policy as it can be found from anywhere: a file by its whole path."""
    if policy is None or not Path(policy).is_file():
        return policy
    from gradprobe.policy import shipped_policies

    return policy if policy in shipped_policies() else str(Path(policy).absolute())


def _program(words: Split, max_batches: int | None) -> tuple[Program, bool]:
    if words.script is not None:
        return script_program(words.script, list(words.rest)), False
    if words.module is not None:
        return module_program(words.module, list(words.rest)), False
    limit = [] if max_batches is None else ["--max-batches", str(max_batches)]
    return module_program(REFERENCE, [*words.rest, *limit]), True


def _carry_out(
    program: Program, recording: Recording, how: Judging, screen: LiveScreen | None, terminal: TextIO | None
) -> int:
    """Run the program, finish the record, judge it, and return the exit code.

    Raises:
        Interrupted: If Ctrl-C ended the program.
    """
    owner, began_in = os.getpid(), Path.cwd()

    def finish(outcome: Outcome, stopped_by: str) -> int:
        if os.getpid() != owner:  # A child that the program forked, and that went on to its end.
            return outcome.exit_code
        error = outcome.error
        text = None if error is None else f"{type(error).__name__}: {error}"[:2000]
        with _uncollected():
            recording.finish(exit_code=outcome.exit_code, exception=text, stopped_by=stopped_by)
            let_go()
            if screen is not None:
                screen.stop()
            if not _is_to_judge(recording, outcome):
                return outcome.exit_code
            from gradprobe.record.ends import await_ends  # With NumPy, which the script may not need.

            patience = _SHORT if outcome.exit_code else _LONG  # A job whose rank failed is to hear of it soon.
            await_ends(recording.run, seconds=patience, but=_daemons())
            with _away_from(program, began_in):
                return _judged(recording.run, how, outcome, terminal)

    # Not in a job: a handler runs when a collective has returned, and a launcher that ends the rest of a job would wait for that.
    let_go = (
        pass_on_signals(recording, lambda number: finish(Outcome(128 + number), "signal"))
        if recording.launched.is_alone
        else nothing
    )

    def failed(error: BaseException) -> None:
        if recording.recorder is not None:
            recording.recorder.script_crashed(error)

    def left(code: int | None) -> None:
        by = "becomes another program, of which nothing is recorded" if code is None else "left by os._exit"
        recording.finish(exit_code=code, exception=None, stopped_by="script")
        if terminal is not None:
            line = f"gradprobe: the script {by}; `gradprobe report {recording.run}` judges what it did before\n"
            os.write(2, line.encode(errors="replace"))

    with watched_exits(left):
        outcome = execute(program, failed)
    recorder = recording.recorder
    stopped = outcome.stopped or (recorder is not None and recorder.stopped and outcome.exit_code == 0)
    code = finish(outcome, "max-batches" if stopped else _ended_by(outcome))
    if outcome.interrupted:
        raise Interrupted
    return code


def _ended_by(outcome: Outcome) -> str:
    return "signal" if outcome.interrupted else "exception" if outcome.error is not None else "script"


def _is_to_judge(recording: Recording, outcome: Outcome) -> bool:
    """Return whether this process judges for all of its job: the lowest rank or, before it, the first one that raised."""
    if recording.launched.is_alone:
        return True
    return (not recording.launched.rank or outcome.error is not None) and claim_judgement(recording.run)


def _daemons() -> set[int]:
    """Return the processes that multiprocessing ends when this one does."""
    module: Any = sys.modules.get("multiprocessing.process")
    return set() if module is None else {one.pid for one in module.active_children() if one.daemon}


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Leave what the program has left behind to the end of the interpreter, as it is without gradprobe.

    A process group that is collected while Python runs may wait for a thread of its own, which waits for Python.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


@contextlib.contextmanager
def _away_from(program: Program, began_in: Path) -> Iterator[None]:
    """Judge where the command was given, wherever the program went, and without its modules in the way."""
    ended_in = None
    with contextlib.suppress(OSError):  # Where one of the two is gone by now, it stays where it is.
        ended_in = Path.cwd()
        os.chdir(began_in)
    path = list(sys.path)
    sys.path[:] = [entry for entry in path if entry != program.path]
    try:
        yield
    finally:
        sys.path[:] = path
        if ended_in is not None:
            with contextlib.suppress(OSError):
                os.chdir(ended_in)


def _judged(run: Path, how: Judging, outcome: Outcome, terminal: TextIO | None) -> int:
    """Judge and show; the program's own exit code goes before gradprobe's."""
    with contextlib.suppress(Exception):  # Whatever the program made of it.
        sys.stdout.flush()
    try:
        code = show(judge_run(run, how), how, terminal, annotate=terminal is not None)
    except GradprobeError as error:
        print(f"gradprobe: {error}", file=sys.stderr)
        code = error.exit_code
    except Exception as error:  # A fault of gradprobe, or of a third party's check: the program's code goes first.
        text = f"{type(error).__name__}: {error}"
        print(f"gradprobe: the run could not be judged: {text}; `gradprobe report {run}` shows where", file=sys.stderr)
        code = GradprobeError.exit_code
    return outcome.exit_code or code

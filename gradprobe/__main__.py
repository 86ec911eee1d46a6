"""The command line: `gradprobe`, or `python -m gradprobe`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, cast

from gradprobe.errors import GradprobeError
from gradprobe.runner.execute import Interrupted

if TYPE_CHECKING:
    import typer


def main() -> None:
    """Run the command that `sys.argv` names; every error of a user's becomes one line and an exit code here."""
    import typer

    # The base of Typer's usage errors: click's, which newer versions of Typer bring along under another name.
    refused = cast("type[typer.BadParameter]", typer.BadParameter.__mro__[2])
    try:
        # Not by calling the application itself, which would put a hook of Typer's in `sys.excepthook`.
        code = typer.main.get_command(_application()).main(prog_name="gradprobe", standalone_mode=False)
    except GradprobeError as error:
        print(f"gradprobe: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except refused as error:
        text = " ".join(error.format_message().split()).rstrip(".")
        print(f"gradprobe: {text}; `gradprobe --help` lists commands and options", file=sys.stderr)
        raise SystemExit(2) from None
    except typer.Abort:
        raise SystemExit(130) from None
    except Interrupted:
        # Ended by the interpreter as any interrupted script is, but for the traceback: the script's has been shown.
        sys.excepthook = _say_nothing
        raise KeyboardInterrupt from None
    raise SystemExit(code)


def _application() -> typer.Typer:
    import typer

    from gradprobe.commands.compare import compare
    from gradprobe.commands.explain import explain
    from gradprobe.commands.export import export
    from gradprobe.commands.overview import overview
    from gradprobe.commands.policy import policy
    from gradprobe.commands.report import report
    from gradprobe.commands.run import RunCommand, run
    from gradprobe.commands.watch import watch

    application = typer.Typer(
        help="Which modules get a gradient, and which do not.",
        epilog="gradprobe run train.py    record a training script and judge it",
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    application.callback(invoke_without_command=True)(overview)
    application.command(cls=RunCommand)(run)
    for command in (report, watch, compare, explain, export, policy):
        application.command()(command)
    return application


def _say_nothing(*_: Any) -> None:
    """Stand in for `sys.excepthook`."""


if __name__ == "__main__":
    main()

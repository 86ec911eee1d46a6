"""The command line: `gradprobe`, or `python -m gradprobe`."""

from __future__ import annotations

import sys

from gradprobe import __version__
from gradprobe.errors import GradprobeError


def main() -> None:
    """Run the command that `sys.argv` names; every error of a user's becomes one line and an exit code here."""
    import click

    try:
        _application().main(prog_name="gradprobe", standalone_mode=False)
    except GradprobeError as error:
        print(f"gradprobe: {error}", file=sys.stderr)
        raise SystemExit(error.exit_code) from None
    except click.ClickException as error:
        print(f"gradprobe: {error.format_message()}; `gradprobe --help` lists commands and options", file=sys.stderr)
        raise SystemExit(2) from None
    except click.Abort:
        raise SystemExit(130) from None


def _application() -> click.Command:
    import typer

    from gradprobe.commands.explain import explain
    from gradprobe.commands.export import export
    from gradprobe.commands.policy import policy
    from gradprobe.commands.report import report
    from gradprobe.commands.run import RunCommand, run

    application = typer.Typer(
        help="Why the gradient does not arrive, with the line to edit.",
        epilog="gradprobe run train.py    record a training script and judge it",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        rich_markup_mode=None,
    )
    application.callback(invoke_without_command=True)(_version)
    application.command(cls=RunCommand)(run)
    for command in (report, explain, export, policy):
        application.command()(command)
    return typer.main.get_command(application)


def _version(version: bool = False) -> None:
    if version:
        print(f"gradprobe {__version__}")
        raise SystemExit(0)


if __name__ == "__main__":
    main()

"""`gradprobe` without a command."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from gradprobe import __version__


def overview(
    context: typer.Context,
    version: Annotated[bool, typer.Option("--version", help="Print the version and exit.")] = False,
) -> None:
    """Print the version, or, where no command is named, the help, which is a usage error."""
    if version:
        print(f"gradprobe {__version__}")
        raise SystemExit(0)
    if context.invoked_subcommand is None:
        print(context.get_help(), file=sys.stderr)
        raise SystemExit(2)

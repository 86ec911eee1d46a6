"""Options that several commands share."""

from __future__ import annotations

from typing import Annotated, Optional

import typer

Reports = Annotated[
    Optional[list[str]],  # noqa: UP045 (Typer reads these annotations at run time, on Python 3.10 too)
    typer.Option(
        "--report", metavar="PATH", help="Write a report; the suffix chooses the format, - is stdout. Repeatable."
    ),
]
FormatName = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--format", metavar="NAME", help="Format of --report, where no suffix tells."),
]
PolicyFile = Annotated[
    Optional[str],  # noqa: UP045
    typer.Option("--policy", metavar="FILE", help="What healthy means: a TOML file, or the name of a shipped policy."),
]
FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="error|warning|never", help="Exit with 1 at a finding or flag this bad.")
]
Select = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--select", metavar="CHECK", help="Run only this check. Repeatable."),
]
Ignore = Annotated[
    Optional[list[str]],  # noqa: UP045
    typer.Option("--ignore", metavar="CHECK", help="Do not run this check. Repeatable."),
]

"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Reports = Annotated[
    list[str] | None,
    typer.Option(
        "--report", metavar="PATH", help="Write a report; the suffix chooses the format, - is stdout. Repeatable."
    ),
]
FormatName = Annotated[
    str | None,
    typer.Option("--format", metavar="NAME", help="Format of --report, where no suffix tells."),
]
To = Annotated[
    list[str] | None,
    typer.Option(
        "--to",
        metavar="TRACKER",
        help="Send norms, flags and findings to tensorboard, wandb or mlflow as well. Repeatable.",
    ),
]
PolicyFile = Annotated[
    str | None,
    typer.Option("--policy", metavar="FILE", help="What healthy means: a TOML file, or the name of a shipped policy."),
]
FailOn = Annotated[
    str, typer.Option("--fail-on", metavar="error|warning|never", help="Exit with 1 at a finding or flag this bad.")
]
Select = Annotated[
    list[str] | None,
    typer.Option("--select", metavar="CHECK", help="Run only this check. Repeatable."),
]
Ignore = Annotated[
    list[str] | None,
    typer.Option("--ignore", metavar="CHECK", help="Do not run this check. Repeatable."),
]
NoSource = Annotated[bool, typer.Option("--no-source", help="Leave source lines out of reports.")]
NamedRun = Annotated[
    Path | None,
    typer.Argument(
        metavar="[RUN]", help="A run directory; the newest below .gradprobe/ by default.", show_default=False
    ),
]

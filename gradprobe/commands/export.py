"""`gradprobe export`: a run's frames as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def export(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run directory.", show_default=False)],
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH", help="A directory (Parquet), or a name that ends with .parquet or .csv.", show_default=False
        ),
    ],
) -> None:
    """Write the frames of a run (steps, modules, parameters, accounts, metrics, events) as Parquet or CSV."""
    from gradprobe.record.export import export as write
    from gradprobe.record.frames import open_run

    for file in write(open_run(run), path):
        print(file)

"""The frames of a run as Parquet or CSV files, for pandas, DuckDB and Spark."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from gradprobe.errors import UsageError

if TYPE_CHECKING:
    from gradprobe.record.frames import Run

FRAMES: Final = ("steps", "modules", "parameters", "accounts", "metrics", "events")
SUFFIXES: Final = (".parquet", ".csv")


def export(run: Run, path: Path) -> list[Path]:
    """Write the run's frames and return the files written.

    Args:
        run: The run.
        path: `frames.parquet` or `frames.csv` gives `frames-steps.parquet`, …; a directory (or a path without a suffix)
            gives `steps.parquet`, … in it.

    Raises:
        UsageError: If the suffix is not one of `SUFFIXES`, or the files cannot be written.
    """
    is_folder = path.is_dir() or not path.suffix
    suffix = ".parquet" if is_folder else path.suffix
    if suffix not in SUFFIXES:
        raise UsageError(
            f"expected a path that ends with {' or '.join(SUFFIXES)}, found {path}; or name a directory, for Parquet"
        )
    files = []
    try:
        for name in FRAMES:
            file = path / f"{name}{suffix}" if is_folder else path.with_name(f"{path.stem}-{name}{suffix}")
            file.parent.mkdir(parents=True, exist_ok=True)
            frame = getattr(run, name)
            if suffix == ".csv":
                frame.to_csv(file)
            else:
                frame.to_parquet(file)
            files.append(file)
    except OSError as error:
        raise UsageError(
            f"cannot write below {path}: {error.strerror or error}; name a place that can be written"
        ) from error
    return files

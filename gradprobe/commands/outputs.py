"""Where reports and comparisons go: chosen and checked before a run begins, so that nothing is lost at its end."""

from __future__ import annotations

import contextlib
import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, TextIO

from gradprobe.errors import ExtensionError, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from gradprobe.extensions import Format
    from gradprobe.values import Report
    from gradprobe.values.comparison import Comparison


@dataclass(frozen=True, slots=True)
class Output:
    """A report that was asked for.

    Attributes:
        path: The file; None for standard output.
        format: Its format.
    """

    path: Path | None
    format: Format


def outputs(paths: Sequence[str], name: str | None, *, comparing: bool = False) -> tuple[Output, ...]:
    """Return what to write.

    Args:
        paths: The values of `--report`; `-` is standard output.
        name: The value of `--format`.
        comparing: Whether it is a comparison that will be written, and not a report.

    Raises:
        UsageError: If a suffix or name stands for no format, a path is a directory or in none, or a name has no path.
    """
    if not paths:
        if name is not None:
            raise UsageError(f"expected --report with --format, found none; write --report - --format {name}")
        return ()
    from gradprobe.extensions import load_formats

    formats = [unit for unit in load_formats() if not comparing or unit.write_comparison is not None]
    return tuple(_output(path, name, formats) for path in paths)


def named_format(name: str) -> Format:
    """Return the format of a name.

    Raises:
        UsageError: If none of that name is installed.
        ExtensionError: If no format is.
    """
    from gradprobe.extensions import load_formats

    return _named(name, load_formats())


def write(report: Report, output: Output) -> None:
    """Write a report, whole or not at all.

    Raises:
        UsageError: If the file cannot be written.
        ExtensionError: If the format fails.
    """
    _write(output, partial(output.format.write, report))


def write_comparison(comparison: Comparison, output: Output) -> None:
    """Write a comparison, whole or not at all.

    Raises:
        UsageError: If the file cannot be written.
        ExtensionError: If the format fails.
    """
    assert output.format.write_comparison is not None, "`outputs` chooses formats that can"
    _write(output, partial(output.format.write_comparison, comparison))


def _write(output: Output, action: Callable[[IO[str]], None]) -> None:
    if output.path is None:
        _format(action, output.format, sys.stdout, "to standard output")
        return
    if output.path.exists() and not output.path.is_file():  # `/dev/stdout`, a pipe: no other file can replace it.
        try:
            with output.path.open("w", encoding="utf-8") as file:
                _format(action, output.format, file, str(output.path))
        except OSError as error:
            raise _unwritable(str(output.path), error) from error
        return
    place = output.path.resolve()  # A link stays a link.
    unfinished = place.with_name(f".{place.name}.{os.getpid()}.partial")  # The ranks of a run may all write it.
    try:
        with unfinished.open("w", encoding="utf-8") as file:
            _format(action, output.format, file, str(output.path))
        unfinished.replace(place)
    except OSError as error:
        raise _unwritable(str(output.path), error) from error
    finally:
        unfinished.unlink(missing_ok=True)


def show_on(terminal: TextIO, report: Report) -> None:
    """Print the report for people; where nobody can read it, because the terminal is gone, nothing is lost.

    Raises:
        ExtensionError: If the format fails, or is not installed.
    """
    with contextlib.suppress(UsageError):
        if not terminal.closed:
            unit = named_format("terminal")
            _format(partial(unit.write, report), unit, terminal, "to the terminal")


def _format(action: Callable[[IO[str]], None], unit: Format, file: TextIO, place: str) -> None:
    try:
        action(file)
        file.flush()
    except OSError as error:
        raise _unwritable(place, error) from error
    except Exception as error:
        raise ExtensionError(
            f"the format {unit.name} failed: {type(error).__name__}: {error}; name another with --format"
        ) from error


def _unwritable(place: str, error: OSError) -> UsageError:
    return UsageError(f"cannot write the report {place}: {error.strerror}; name another place with --report")


def _output(path: str, name: str | None, formats: Sequence[Format]) -> Output:
    if path == "-":
        return Output(None, _named(name or "terminal", formats))
    file = Path(path)
    if file.is_dir():
        raise UsageError(f"expected a file for --report, found the directory {path}; name a file in it")
    if not file.absolute().parent.is_dir():
        raise UsageError(
            f"expected a file in an existing directory for --report, found no directory {file.parent}; create it first"
        )
    found = next((unit for unit in formats if file.suffix.lower() in unit.suffixes), None)
    if found is None and name is not None:
        return Output(file, _named(name, formats))
    if found is None:
        suffixes = ", ".join(suffix for unit in formats for suffix in unit.suffixes)
        raise UsageError(
            f"expected a report that ends with one of {suffixes}, found {path}; or name the format with --format"
        )
    return Output(file, found)


def _named(name: str, formats: Sequence[Format]) -> Format:
    for unit in formats:
        if unit.name == name:
            return unit
    raise UsageError(
        f"expected one of the formats {', '.join(unit.name for unit in formats)}, found {name!r}; name one of them"
    )

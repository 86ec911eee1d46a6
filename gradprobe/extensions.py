"""What others can add, checks, formats and trackers, and how they are found.

Packages name them by entry point, in the groups `gradprobe.checks` and `gradprobe.reports`; the built-in ones come the
same way, so that a third party's are equals.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import IO, TYPE_CHECKING, TypeVar

from gradprobe.errors import ExtensionError

if TYPE_CHECKING:
    from gradprobe.record.record import Record
    from gradprobe.values import Finding, Report
    from gradprobe.values.comparison import Comparison

Unit = TypeVar("Unit")


@dataclass(frozen=True, slots=True)
class Check:
    """A cause that gradprobe can find.

    Attributes:
        name: Kebab-case, completes "allow …": `severed-gradient`.
        code: Stable, `GP` and three digits.
        find: Reads a record and yields findings.
        page: The check's documentation page (the docstring of its module).
        is_symptom: Whether it reports what follows from causes that other checks name: it is left out where one of them
            accounts for the same parameters, or for the same line.
        explains_exceptions: Whether an error of it may be why an exception was raised at a line that it names.
    """

    name: str
    code: str
    find: Callable[[Record], Iterable[Finding]]
    page: str
    is_symptom: bool = False
    explains_exceptions: bool = False


@dataclass(frozen=True, slots=True)
class Format:
    """A way to show a report, and perhaps a comparison of runs.

    Attributes:
        name: The word for `--format`: `terminal`, `json`.
        suffixes: File suffixes that choose it: `(".json",)`; empty for none.
        write: Writes a report to an open text file.
        write_comparison: Writes a comparison of runs to an open text file; None for a format that cannot show one.
    """

    name: str
    suffixes: tuple[str, ...]
    write: Callable[[Report, IO[str]], None]
    write_comparison: Callable[[Comparison, IO[str]], None] | None = None


@dataclass(frozen=True, slots=True)
class Tracker:
    """A place where teams look at their runs, and that a report can be sent to.

    Attributes:
        name: The word for `--to`: `wandb`.
        package: What has to be importable for it.
        requirement: What `pip install` is given to make it so.
        send: Sends a report and returns, in words, where it went. It may raise anything: that is told in a line.
    """

    name: str
    package: str
    requirement: str
    send: Callable[[Report], str]


def load_checks() -> tuple[Check, ...]:
    """Return every installed check, ordered by code.

    Raises:
        ExtensionError: If there is none, or an entry point cannot be loaded.
    """
    return tuple(sorted(_load("gradprobe.checks", (Check,), Check), key=lambda check: check.code))


def load_formats() -> tuple[Format, ...]:
    """Return every installed format.

    Raises:
        ExtensionError: If there is none, or an entry point cannot be loaded.
    """
    return tuple(_load("gradprobe.reports", (Format, Tracker), Format))


def load_trackers() -> tuple[Tracker, ...]:
    """Return every tracker that a report can be sent to; they stand beside the formats.

    Raises:
        ExtensionError: If there is none, or an entry point cannot be loaded.
    """
    return tuple(_load("gradprobe.reports", (Format, Tracker), Tracker))


def _load(group: str, kinds: tuple[type, ...], wanted: type[Unit]) -> list[Unit]:
    units = [unit for point in entry_points(group=group) for unit in _units(point, kinds) if isinstance(unit, wanted)]
    if not units:
        raise ExtensionError(
            f"expected at least one entry point in the group {group}, found none: gradprobe is not installed whole; "
            "run `pip install --force-reinstall gradprobe`"
        )
    return units


def _units(point: EntryPoint, kinds: tuple[type, ...]) -> tuple[object, ...]:
    try:
        units = tuple(point.load())
    except Exception as error:
        raise ExtensionError(
            f"the entry point {point.name} = {point.value} of {point.group} cannot be loaded: {type(error).__name__}: {error}"
        ) from error
    for unit in units:
        if not isinstance(unit, kinds):
            expected = " or ".join(f"a {kind.__name__}" for kind in kinds)
            raise ExtensionError(
                f"the entry point {point.name} = {point.value} of {point.group} gives a {type(unit).__name__}, expected {expected}"
            )
    return units

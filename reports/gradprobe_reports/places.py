"""Where the files of a report lie, as programs elsewhere name them: from the root of the sources on.

The root is the working directory, or the checkout around it where the CI service says where that is: GitHub and GitLab
look for files from there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from typing import TYPE_CHECKING, Final
from urllib.parse import quote

from gradprobe.text.utf8 import writable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from gradprobe.values import Allowed, Finding, Report, Site

_CHECKOUTS: Final = ("GITHUB_WORKSPACE", "CI_PROJECT_DIR")
"""Variables that name the checkout on GitHub and on GitLab."""


@dataclass(frozen=True, slots=True)
class Roots:
    """The folders that paths are taken relative to.

    Attributes:
        sources: The root of the sources.
        here: The working directory, in or at the root.
    """

    sources: Path
    here: Path

    def relative(self, file: str) -> str | None:
        """Return a file's path from the root on, with `/`; None where it lies elsewhere."""
        if _is_foreign(file):
            return None
        try:
            whole = os.path.normpath(self.here / file)
            for path in (whole, os.path.realpath(whole)):  # What ran may have been named through a link.
                if PurePath(path).is_relative_to(self.sources):
                    return PurePath(path).relative_to(self.sources).as_posix()
        except (OSError, ValueError):  # No name that a file can have.
            pass
        return None

    def shown(self, file: str) -> str:
        """Return a file's path from the root on where it lies below it, else as it is."""
        return self.relative(file) or file

    def uri(self, file: str) -> str:
        """Return a file as a URI reference: relative to the root where it lies below it, else `file://`."""
        inside = self.relative(file)
        if inside is not None:
            return quote(writable(inside))
        if _is_foreign(file):
            return f"file:///{quote(writable(PureWindowsPath(file).as_posix()), safe='/:')}"
        return file_uri(os.path.normpath(self.here / file) if "\0" not in file else file)


def roots() -> Roots:
    """Return the root of the sources and the working directory."""
    try:
        here = Path.cwd()
    except OSError:  # It is gone.
        here = Path("/")
    for variable in _CHECKOUTS:
        checkout = os.environ.get(variable, "")
        if checkout and here.is_relative_to(os.path.realpath(checkout)):
            return Roots(Path(os.path.realpath(checkout)), here)
    return Roots(here, here)


def file_uri(path: str | Path) -> str:
    """Return an absolute path as a `file://` URI, whatever characters it has."""
    text = quote(writable(PurePath(path).as_posix()))
    return f"file://{text}" if text.startswith("/") else f"file:///{text}"


def _is_foreign(file: str) -> bool:
    """Return whether a path is of Windows, and we are not: a record may be judged elsewhere than it was made."""
    return PureWindowsPath(file).is_absolute() and not PurePath(file).is_absolute()


def is_file(name: str) -> bool:
    """Return whether the interpreter's name of a source is that of a file: `<string>` is none."""
    return bool(name) and not (name.startswith("<") and name.endswith(">"))


def home(report: Report, where: Roots) -> str | None:
    """Return the file that stands for the program where no line can be named: its script, else where it calls backward."""
    script = _script(report.run.script, where)
    return script or next((site.file for site in _sites(report) if is_file(site.file)), None)


def _script(script: str, where: Roots) -> str | None:
    if not script.startswith("-m "):
        return script if is_file(script) else None
    module = where.here.joinpath(*script.removeprefix("-m ").split("."))
    candidates = (module.with_name(f"{module.name}.py"), module / "__main__.py")
    try:
        return next((str(path) for path in candidates if path.is_file()), None)
    except (OSError, ValueError):
        return None


def _sites(report: Report) -> Iterator[Site]:
    ends = [end for finding in report.findings for end in finding.related]
    yield from (end.site for end in ends if end.role == "backward")
    located: list[Finding | Allowed] = [*report.findings, *report.allowed]
    yield from (one.location for one in located if one.location is not None)
    yield from (end.site for end in ends)

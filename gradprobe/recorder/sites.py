"""From a frame of the interpreter to the line of the user's code that is responsible for it."""

from __future__ import annotations

import linecache
import os
import sys
import sysconfig
from collections.abc import Iterable
from pathlib import Path
from types import FrameType
from typing import Final

from gradprobe.recorder.cells import cell_name
from gradprobe.values import Site

OWN: Final = str(Path(__file__).resolve().parent.parent)
"""Directory of gradprobe itself, whose frames are never anybody's line."""

_STANDARD: Final = tuple({f"{sysconfig.get_path(name)}{os.sep}" for name in ("stdlib", "platstdlib")})
# Among the scripts are launchers (torchrun, accelerate, our own), whose lines are below every line of the user's.
_PLACES: Final = ("purelib", "platlib", "scripts")
_LIBRARIES: Final = (*_STANDARD, *{f"{sysconfig.get_path(name)}{os.sep}" for name in _PLACES})


class Sites:
    """Finds the user's line, and keeps each line it found."""

    def __init__(self, user_roots: Iterable[Path] = ()) -> None:
        """Begin without any line.

        Args:
            user_roots: Directories whose code is the user's although it may be installed where libraries are.
        """
        self._roots = tuple(f"{root}{os.sep}" for root in user_roots)
        self._users: dict[str, bool] = {}
        self._sites: dict[tuple[str, int, str], Site] = {}

    def user_frame(self, frame: FrameType | None) -> FrameType | None:
        """Return the innermost frame of the user's code, from `frame` outward.

        Where a library runs on its own, it is the innermost frame of a library that is neither torch nor gradprobe.
        """
        fallback = None
        while frame is not None:
            file = frame.f_code.co_filename
            users = self._users.get(file)
            if users is None:
                users = self._users[file] = self._is_users(file)
            if users:
                return frame
            if fallback is None and not is_machinery(file):
                fallback = frame
            frame = frame.f_back
        return fallback

    def user_chain(self, frame: FrameType | None, most: int = 6) -> list[FrameType]:
        """Return the frames of the user's code, innermost first."""
        found: list[FrameType] = []
        while frame is not None and len(found) < most:
            if self.is_user_file(frame.f_code.co_filename):
                found.append(frame)
            frame = frame.f_back
        return found

    def is_in_library(self, frame: FrameType | None) -> bool:
        """Return whether the innermost frame that is neither torch's nor gradprobe's is a library's."""
        while frame is not None and is_machinery(frame.f_code.co_filename):
            frame = frame.f_back
        return frame is not None and not self.is_user_file(frame.f_code.co_filename)

    def is_user_file(self, file: str) -> bool:
        """Return whether a source file is the user's."""
        users = self._users.get(file)
        if users is None:
            users = self._users[file] = self._is_users(file)
        return users

    def user_files(self) -> list[str]:
        """Return the source files of the user's that were met."""
        return [file for file, is_users in self._users.items() if is_users]

    def at(self, frame: FrameType | None) -> Site:
        """Return the user's line that a frame was called from."""
        found = self.user_frame(frame)
        if found is None:
            return Site("<unknown>", 0)
        code = found.f_code
        return self.line(code.co_filename, found.f_lineno or 0, getattr(code, "co_qualname", code.co_name))

    def line(self, file: str, line: int, function: str) -> Site:
        """Return the site of a known line."""
        key = (file, line, function)
        site = self._sites.get(key)
        if site is None:
            site = Site(cell_name(file) or file, line, function, linecache.getline(file, line).strip()[:400])
            if len(self._sites) < 100_000:
                self._sites[key] = site
        return site

    def _is_users(self, file: str) -> bool:
        if is_machinery(file):
            return False
        library = next((path for path in _LIBRARIES if file.startswith(path)), None)
        for root in self._roots:
            # A virtual environment may lie below the script's directory; what is installed in it is still not the user's.
            inner_library = library is not None and library != root and library.startswith(root)
            if file.startswith(root) and not inner_library and "site-packages" not in file[len(root) :]:
                return True
        return library is None and "site-packages" not in file and "dist-packages" not in file


_MACHINERY: Final[dict[str, bool]] = {}
"""Files that were asked for, once torch has been imported."""


def is_machinery(file: str) -> bool:
    """Return whether a file is torch's, gradprobe's or the interpreter's own; what `dataclass` writes (`<string>`) is likewise."""
    known = _MACHINERY.get(file)
    if known is not None:
        return known
    torch = getattr(sys.modules.get("torch"), "__file__", None)
    if file.startswith("<"):
        machinery = not file.startswith(("<stdin>", "<ipython"))
    else:
        own = (f"{OWN}{os.sep}", f"{Path(torch).parent}{os.sep}") if torch else (f"{OWN}{os.sep}",)
        machinery = file.startswith(own) or (file.startswith(_STANDARD) and "site-packages" not in file)
    if torch:
        _MACHINERY[file] = machinery
    return machinery

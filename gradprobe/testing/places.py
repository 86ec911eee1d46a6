"""Where a test's recording is kept, what it is called, and whose code is the user's."""

from __future__ import annotations

import sysconfig
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pytest

    from gradprobe.watching import Watch


def recordings(item: pytest.Item, max_batches: int | None) -> Callable[[], Watch]:
    """Return what makes recordings for a test, one at each call, not yet entered.

    Args:
        item: The test.
        max_batches: End what is watched after so many training steps; None for never.
    """
    from gradprobe.watching import Watch

    def begin() -> Watch:
        return Watch(new_directory(item), max_batches=max_batches, name=name_of(item), user_roots=user_roots(item))

    return begin


def new_directory(item: pytest.Item) -> Path:
    """Return a new directory for a recording, where pytest keeps the temporary directories of its newest three runs.

    It is not the test's own `tmp_path`: what a test finds there is its own affair.
    """
    factory = getattr(item.config, "_tmp_path_factory", None)
    if factory is None:  # `-p no:tmpdir`
        return Path(tempfile.mkdtemp(prefix="gradprobe-"))
    made: Path = factory.mktemp("gradprobe")
    return made


def name_of(item: pytest.Item) -> str:
    """Return what reports call a test: `tests/test_train.py::test_training[sgd]`, without separators of paths in its parameters."""
    file, *names = item.nodeid.split("::")
    return "::".join([file, *(name.replace("/", "_").replace("\\", "_") for name in names)])


def user_roots(item: pytest.Item) -> tuple[Path, ...]:
    """Return the directories whose code is the user's: the root, the test's own, and what is tested where it is installed.

    A package that lies in the root (or in `src` below it), and that is imported from where it was installed, is under test.
    """
    root = item.config.rootpath
    own = [root, item.path.parent]
    return tuple(dict.fromkeys([*own, *_installed(root)]))


def _installed(root: Path) -> Iterator[Path]:
    names = {package.parent.name for folder in (root, root / "src") for package in folder.glob("*/__init__.py")}
    for where in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for name in sorted(names):
            if (Path(where) / name / "__init__.py").is_file():
                yield Path(where) / name

"""How a test is watched: by its markers, the command line and the ini file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from gradprobe.engine.verdict import FailOn

MARKER: Final = "gradprobe"
LEVELS: Final = ("error", "warning", "never")
"""What a test can be told to fail on."""


@dataclass(frozen=True, slots=True)
class Options:
    """How a test is watched and judged.

    Attributes:
        policy: Name of a shipped policy, or the path of a policy file.
        fail_on: What fails the test: `error`, `warning`, `never`.
        max_batches: End what is watched after so many training steps; None for never.
    """

    policy: str = "default"
    fail_on: FailOn = "error"
    max_batches: int | None = None


KEYWORDS: Final = ("policy", "fail_on", "max_batches")
"""What the marker takes: the fields of `Options`."""


def options_of(config: pytest.Config) -> Options:
    """Return what the command line and the ini file say.

    Raises:
        pytest.UsageError: If they say something that means nothing.
    """
    fail_on = config.getoption("--gradprobe-fail-on") or config.getini("gradprobe_fail_on")
    given = {"policy": str(config.getini("gradprobe_policy")), "fail_on": fail_on}
    return changed(Options(), given, config.rootpath, "the ini file")


def options_of_item(item: pytest.Item) -> Options:
    """Return what is in force for a test: its markers, the nearest first, before what the whole run was told.

    Raises:
        pytest.UsageError: If a marker says something that means nothing.
    """
    options = options_of(item.config)
    for node, mark in reversed(list(item.iter_markers_with_node(MARKER))):
        if mark.args:
            raise pytest.UsageError(
                f"{node.nodeid}: expected keywords for the marker {MARKER} ({', '.join(KEYWORDS)}), found {mark.args[0]!r} without one"
            )
        options = changed(options, mark.kwargs, item.config.rootpath, f"{node.nodeid}: the marker {MARKER}")
    return options


def changed(options: Options, given: Mapping[str, Any], root: Path, where: str) -> Options:
    """Return options with some of them changed.

    Args:
        options: As they are.
        given: What to change.
        root: What the paths of policy files are relative to.
        where: Who says so, for errors.

    Raises:
        pytest.UsageError: If a name or a value means nothing.
    """
    for name, value in given.items():
        expected = _expected(name, value)
        if expected is not None:
            raise pytest.UsageError(f"{where}: expected {expected}")
    kept: dict[str, Any] = dict(given)
    if "policy" in given:
        kept["policy"] = _found(given["policy"], root)
    return replace(options, **kept)


def _expected(name: str, value: object) -> str | None:
    """Return what would have been right, and what was found; None where it is right."""
    if name not in KEYWORDS:
        return f"one of {', '.join(KEYWORDS)}, found {name}"
    if name == "fail_on" and value not in LEVELS:
        return f"fail_on to be one of {', '.join(LEVELS)}, found {value!r}"
    is_count = isinstance(value, int) and not isinstance(value, bool) and value > 0
    if name == "max_batches" and not (value is None or is_count):
        return f"max_batches to be a number of training steps from 1 up, found {value!r}"
    if name == "policy" and not isinstance(value, (str, Path)):
        return f"policy to be the name of a shipped policy or the path of a file, found {value!r}"
    return None


def _found(policy: str | Path, root: Path) -> str:
    """Return a policy by the name under which it is shipped, or by the whole path of its file."""
    from gradprobe.policy import shipped_policies

    return policy if isinstance(policy, str) and policy in shipped_policies() else str(root / policy)

"""What the plugin costs those who do not use it, and how pytest finds it."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[3]
HEAVY = (
    "torch",
    "numpy",
    "pandas",
    "rich",
    "scipy",
    "transformers",
    "pydantic",
    "pyarrow",
    "gradprobe.recorder",
    "gradprobe.values",
)
# In an environment whose metadata are older than the entry point, pytest is told of what it would find.
IS_INSTALLED = "gradprobe" in {point.name for point in entry_points(group="pytest11")}
BY_ENTRY_POINT = () if IS_INSTALLED else ("-p", "gradprobe.testing.entry")


@pytest.mark.skipif(
    not (CHECKOUT / "pyproject.toml").is_file(), reason="needs the checkout, and is tested away from it"
)
def test_the_entry_point_is_declared():
    text = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
    assert '[project.entry-points.pytest11]\ngradprobe = "gradprobe.testing.entry"\n' in text


def test_nothing_heavy_is_imported_by_a_run_that_does_not_use_it(pytester):
    pytester.makeconftest(
        f"import sys\n\ndef pytest_unconfigure():\n    print('heavy:', sorted(set({HEAVY!r}) & set(sys.modules)))\n"
    )
    pytester.makepyfile("def test_plain():\n    pass\n")
    result = pytester.runpytest_subprocess(*BY_ENTRY_POINT)
    result.assert_outcomes(passed=1)
    result.stdout.fnmatch_lines(["heavy: []"])


def test_asking_for_it_twice_and_blocking_it(pytester):
    pytester.makepyfile("def test_plain(gradprobe):\n    pass\n")
    twice = pytester.runpytest_subprocess(*BY_ENTRY_POINT, "-p", "gradprobe.testing.plugin")
    twice.assert_outcomes(passed=1)
    pytester.makepyfile("def test_plain(gradprobe):\n    pass\n")
    blocked = pytester.runpytest_subprocess("-p", "no:gradprobe")
    blocked.assert_outcomes(errors=1)
    blocked.stdout.fnmatch_lines(["E * fixture 'gradprobe' not found"])


def test_the_assertion_does_without_pytest():
    code = (
        "import sys, torch, gradprobe\nlayer = torch.nn.Linear(2, 1)\n"
        "gradprobe.assert_gradients_flow(layer, lambda: layer(torch.ones(1, 2)).sum())\nprint('pytest' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip(), done.stderr) == (0, "False", "")


def test_gradprobe_may_be_imported_before_pytest_is():
    """`gradprobe run -m pytest`: pytest would rewrite assertions of a distribution with plugins, and warns where it is too late."""
    import gradprobe
    import gradprobe_checks
    import gradprobe_reports

    for package in (gradprobe, gradprobe_checks, gradprobe_reports):
        assert "PYTEST_DONT_REWRITE" in (package.__doc__ or "")

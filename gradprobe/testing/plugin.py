"""The plugin for pytest: options, the marker, the fixture, and what a test reports. Nothing heavy is imported until it is used.

(PYTEST_DONT_REWRITE: there is no assertion here to be rewritten.)
"""

from __future__ import annotations

from collections.abc import Generator
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from gradprobe.testing.fixture import Gradprobe

_MARKER = (
    "gradprobe(policy='default', fail_on='error', max_batches=None): watch what the test trains, and fail it by gradprobe's "
    "findings; on a class or a module, watch those tests that train"
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options, to the command line and to the ini file."""
    group = parser.getgroup("gradprobe", "gradprobe: do the gradients flow?")
    group.addoption(
        "--gradprobe",
        action="store_true",
        default=False,
        help="Watch every test that trains, and fail it by its findings.",
    )
    group.addoption(
        "--gradprobe-fail-on",
        choices=("error", "warning", "never"),
        help="What fails a test that is watched (default: the ini file's gradprobe_fail_on, which is error by default).",
    )
    parser.addini(
        "gradprobe_policy", "Policy by which watched tests are judged: a shipped one, or a file.", default="default"
    )
    parser.addini("gradprobe_fail_on", "What fails a watched test: error, warning or never.", default="error")


def pytest_configure(config: pytest.Config) -> None:
    """Announce the marker, and begin to collect what tests tell.

    Raises:
        pytest.UsageError: If the ini file says something that means nothing.
    """
    config.addinivalue_line("markers", _MARKER)
    if config.getini("gradprobe_fail_on") != "error" or config.getini("gradprobe_policy") != "default":
        from gradprobe.testing.options import options_of

        options_of(config)
    if not hasattr(config, "workerinput"):
        from gradprobe.testing.summary import Summary

        config.pluginmanager.register(Summary(), "gradprobe-summary")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Check the markers before anything runs; in a worker of xdist, which cannot end the run, the tests themselves fail.

    Raises:
        pytest.UsageError: If a marker says something that means nothing.
    """
    for item in items:
        if hasattr(item.config, "workerinput"):
            return
        if item.get_closest_marker("gradprobe") is not None:
            from gradprobe.testing.options import options_of_item

            options_of_item(item)


@pytest.fixture
def gradprobe(request: pytest.FixtureRequest) -> Gradprobe:
    """Watch what a test trains: `with gradprobe.watch(max_batches=5): train()` fails the test by its findings."""
    from gradprobe.testing.fixture import Gradprobe

    return Gradprobe(request.node)


@pytest.hookimpl(hookwrapper=True, trylast=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, Any, None]:
    """Watch a test that is marked, or every test."""
    if not item.config.getoption("--gradprobe") and item.get_closest_marker("gradprobe") is None:
        yield
        return
    from gradprobe.testing.ending import end_by, ended_by
    from gradprobe.testing.whole import Whole

    whole = Whole(item)
    ending = yield
    error = ended_by(item, ending)
    now = whole.end(error)
    if now is not error:
        end_by(item, ending, now)


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Generator[None, Any, None]:
    """Show a failure of ours as its text, and what was found beside a failure of the test's own."""
    made = yield
    if call.excinfo is None or made.excinfo is not None:
        return
    from gradprobe.testing.reporting import report_failure

    report_failure(item, call, made.get_result())

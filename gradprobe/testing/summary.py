"""The section at the end of pytest's output: which tests were watched, and what was found in them."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

from gradprobe.testing.told import Told, told

if TYPE_CHECKING:
    import pytest

_COLOURS: Final = {"red": {"red": True}, "warning": {"yellow": True}, "not judged": {"yellow": True}}
_ORDER: Final = ("red", "warning", "healthy", "not judged")
_WIDEST: Final = 300


class Summary:
    """Collects what tests tell, from this process or from xdist's workers, and prints it at the end."""

    def __init__(self) -> None:
        self._tests: dict[str, list[Told]] = {}

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Note what a test tells, once it is over."""
        if report.when == "teardown":
            recordings = told(report.user_properties)
            if recordings:
                self._tests[report.nodeid] = recordings

    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        """Print a line for the whole, and one for each thing that is wrong."""
        if not self._tests:
            return
        from gradprobe.text.figures import plural
        from gradprobe.text.safe import safe

        terminalreporter.section("gradprobe")
        recordings = [one for several in self._tests.values() for one in several]
        verdicts = Counter(one.verdict for one in recordings)
        counted = ", ".join(f"{verdicts[verdict]} {verdict}" for verdict in _ORDER if verdicts[verdict])
        steps = plural(sum(one.steps for one in recordings), "training step")
        what = f"{plural(len(self._tests), 'test')} trained under watch, {steps}"
        several = "" if len(recordings) == len(self._tests) else f" in {len(recordings)} recordings"
        terminalreporter.write_line(f"{what}{several}: {counted}")
        for nodeid, told_by_test in self._tests.items():
            for one in told_by_test:
                for finding in one.findings:
                    terminalreporter.write_line(
                        f"{safe(nodeid)}: {safe(finding, _WIDEST)}", **_COLOURS.get(one.verdict, {})
                    )

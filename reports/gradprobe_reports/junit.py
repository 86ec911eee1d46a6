"""The report as JUnit XML, for CI services: a suite of flags and a suite of checks, a test case each.

A flag that is red or amber is a failure, a grey one is skipped: it could not be judged. A check fails with the errors and
warnings it found, is skipped where what it found is allowed, and is an error where the check itself failed; what is
merely worth a word stands in its output. The text is ASCII, whatever the names.
"""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Final

from gradprobe.extensions import Format
from gradprobe.text.safe import safe

if TYPE_CHECKING:
    from collections.abc import Sequence

    from junitparser import TestCase, TestSuite

    from gradprobe.values import Allowed, CheckRun, Finding, Flag, Report, Site
    from gradprobe_reports.places import Roots


def write(report: Report, file: IO[str]) -> None:
    """Write the report as indented XML with a final newline."""
    from xml.etree import ElementTree

    from junitparser import JUnitXml

    from gradprobe_reports.places import roots

    where = roots()
    whole = JUnitXml("gradprobe")
    whole.add_testsuite(_flags(report))
    whole.add_testsuite(_checks(report, where))
    tree = ElementTree.fromstring(whole.tostring())
    ElementTree.indent(tree)
    text = ElementTree.tostring(tree, encoding="us-ascii", xml_declaration=False).decode("ascii")
    file.write(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n')


def _flags(report: Report) -> TestSuite:
    return _suite("flags", report, [_flag(flag) for flag in report.flags])


def _checks(report: Report, where: Roots) -> TestSuite:
    """Return a case for each check that ran, and for each that is not said to have run and found something."""
    from gradprobe.values import CheckRun

    runs = {(run.code, run.name): run for run in report.checks}
    told: list[Finding | Allowed] = [*report.findings, *report.allowed]
    for found in told:
        runs.setdefault((found.code, found.check), CheckRun(found.check, found.code))
    return _suite("checks", report, [_check(run, report, where) for run in runs.values()])


def _suite(name: str, report: Report, cases: list[TestCase]) -> TestSuite:
    from junitparser import TestSuite

    suite = TestSuite(name)
    suite.timestamp = safe(report.run.started)
    for key, value in (
        ("verdict", report.verdict.value),
        ("script", report.run.script),
        ("steps", str(report.run.steps)),
        ("policy", report.run.policy),
        ("gradprobe", report.gradprobe),
        ("torch", report.run.torch),
    ):
        suite.add_property(key, safe(value))
    suite.add_testcases(cases)
    return suite


def _case(kind: str, name: str, site: Site | None = None, where: Roots | None = None) -> TestCase:
    """Return a test case, with the file and line of a site as pytest writes them: GitLab links to the file."""
    from junitparser import Attr, TestCase

    from gradprobe_reports.places import is_file

    class Located(TestCase):
        file = Attr()
        line = Attr()

    case = Located(safe(name), f"gradprobe.{kind}", 0.0)
    if site is not None and where is not None and is_file(site.file):
        case.file = safe(where.shown(site.file))
        if site.line > 0:
            case.line = str(site.line)
    return case


def _flag(flag: Flag) -> TestCase:
    from junitparser import Failure, Skipped

    from gradprobe.values import Colour

    case = _case("flags", flag.name)
    expected, observed = f"expected {safe(flag.expected)}", f"observed {safe(flag.observed)}"
    if flag.colour is Colour.GREEN:
        case.system_out = f"{expected}, {observed}"
    elif flag.colour is Colour.GREY:
        case.result = [Skipped(f"could not be judged: {observed}")]
    else:
        failure = Failure(f"{expected}, {observed}", flag.colour.value)
        failure.text = f"{safe(flag.name)} is {flag.colour.value.upper()}\n{expected}\n{observed}"
        case.result = [failure]
    return case


def _check(run: CheckRun, report: Report, where: Roots) -> TestCase:
    from gradprobe.values import Severity

    mine = [one for one in report.findings if (one.code, one.check) == (run.code, run.name)]
    loud = [one for one in mine if one.severity is not Severity.INFO]
    quiet = [one for one in mine if one.severity is Severity.INFO]
    meant = [one for one in report.allowed if (one.code, one.check) == (run.code, run.name)]
    told: list[Finding | Allowed] = [*loud, *quiet, *meant]
    sites = [one.location for one in told if one.location is not None]
    case = _case("checks", f"{run.code} {run.name}", sites[0] if sites else None, where)
    _put_result(case, run, loud, meant, report, where)
    output = [_text(one, report, where) for one in quiet]
    output += [_meant(one, where) for one in meant if loud or run.error]
    if output:
        case.system_out = "\n\n".join(output)
    if run.error and loud:
        case.system_err = f"the check itself failed: {safe(run.error)}"
    return case


def _put_result(
    case: TestCase, run: CheckRun, loud: list[Finding], meant: Sequence[Allowed], report: Report, where: Roots
) -> None:
    """Put one result on a case, the worst: readers of JUnit take the first."""
    from junitparser import Error, Failure, Skipped

    if loud:
        rest = f" (and {len(loud) - 1} more)" if len(loud) > 1 else ""
        failure = Failure(f"{safe(loud[0].title)}{rest}", loud[0].severity.value)
        failure.text = "\n\n".join(_text(one, report, where) for one in loud)
        case.result = [failure]
    elif run.error:
        case.result = [Error(f"the check itself failed: {safe(run.error)}", safe(run.error.partition(":")[0]))]
    elif meant:
        case.result = [Skipped("; ".join(_meant(one, where) for one in meant))]


def _text(one: Finding, report: Report, where: Roots) -> str:
    from gradprobe_reports.plain import whole

    return whole(one, where, report.run.steps)


def _meant(one: Allowed, where: Roots) -> str:
    from gradprobe_reports.plain import spot

    place = "" if one.location is None else f" at {spot(one.location, where)}"
    reason = f" ({safe(one.reason)})" if one.reason else ""
    return f"allowed by {safe(one.by)}{reason}: {safe(one.title)}{place}"


FORMAT: Final = Format(name="junit", suffixes=(".xml",), write=write)

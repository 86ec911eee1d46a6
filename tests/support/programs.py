"""The programs below `tests/programs`, and what their comments say should be found in them.

`# expect: NAME` stands on the line to edit, `# accept: NAME` on lines that would do as well, `# expect-info: NAME` where it is
only worth a word, `# expect-anywhere: NAME` in the first lines where no line can be named. Several names are alternatives.
`# ranks: N` says in how many processes of one job it runs; `# uses: MODULE …` which packages it needs that take long to import.
A program called `bad_…` must be found out, one called `ok_…` must have neither an error nor a warning.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.documents import report_in

PROGRAMS = Path(__file__).parent.parent / "programs"
_USES = re.compile(r"^# uses: (.+)$", re.MULTILINE)
_RANKS = re.compile(r"^# ranks: (\d+)$", re.MULTILINE)
_MARK = re.compile(r"#\s*(expect|accept|expect-info|expect-anywhere):\s*([a-z0-9, -]+)")


@dataclass(frozen=True)
class Expected:
    checks: frozenset[str]
    lines: frozenset[int]
    anywhere: bool
    info: bool


def programs() -> list[Path]:
    return sorted(path for path in PROGRAMS.glob("*/*.py") if path.name.startswith(("bad_", "ok_")))


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def expected(path: Path) -> Expected:
    checks: set[str] = set()
    lines: set[int] = set()
    anywhere = info = False
    for number, line in enumerate(path.read_text().splitlines(), 1):
        for kind, names in _MARK.findall(line):
            checks.update(name.strip() for name in names.split(",") if name.strip())
            anywhere = anywhere or kind == "expect-anywhere"
            info = info or kind == "expect-info"
            if kind != "expect-anywhere":
                lines.add(number)
    return Expected(frozenset(checks), frozenset(lines), anywhere, info)


def ranks_of(path: Path) -> int:
    """Return in how many processes of one job a program runs."""
    found = _RANKS.search(path.read_text())
    return int(found.group(1)) if found else 1


def uses(path: Path) -> list[str]:
    """Return the packages that a program needs and that take long to import."""
    found = _USES.search(path.read_text())
    return found.group(1).split() if found else []


class ProgramServer:
    """A process that runs programs, one after another."""

    def __init__(self) -> None:
        script = Path(__file__).with_name("program_server.py")
        # What this process imports is what is tried, wherever it was found.
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def run(self, program: Path, folder: Path) -> tuple[dict, int, str]:
        """Run a program; return its report, its exit code and what it printed."""
        return self.run_words([str(program)], folder, ranks_of(program), uses(program))

    def run_words(
        self, words: list[str], folder: Path, ranks: int = 1, imported: Sequence[str] = ()
    ) -> tuple[dict, int, str]:
        """Run `gradprobe run` with more words, in so many processes of one job; return likewise.

        What is `imported` is imported once, before the first program that needs it begins.
        """
        report = folder / "report.json"
        asked = {"words": words, "report": str(report), "folder": str(folder), "ranks": ranks}
        asked["imported"] = list(imported)
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(asked) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        found = report_in(report) if report.exists() else {}
        return found, answer["code"], answer["output"]

    def close(self) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(30)
        self._process.stdout.close()


def loud(report: dict) -> list[dict]:
    return [one for one in report.get("findings", []) if one["severity"] in ("error", "warning")]


def shown(findings: list[dict]) -> list[str]:
    return [f"{one['severity']}:{one['check']}@{(one['location'] or {}).get('line')}" for one in findings]


def verdict_on(path: Path, report: dict, code: int, output: str) -> str:
    """Return what is wrong with a report, empty where nothing is."""
    if not report:
        return f"no report, exit {code}: {output[-1500:]}"
    if "recording ended" in output:
        return f"the recorder failed: {output[-1500:]}"
    failures = [text for text in report.get("not_seen", []) if text.startswith("The check ") and "failed" in text]
    if failures:
        return str(failures)
    found = loud(report)
    if path.name.startswith("ok_"):
        wrong = f"exit {code}: {output[-1500:]}" if code and not found else ""
        return f"accused: {shown(found)} {[one['message'] for one in found]}" if found else wrong
    wanted = expected(path)
    if wanted.info:
        quiet = [one for one in report["findings"] if one["check"] in wanted.checks]
        if found:
            return f"accused: {shown(found)}"
        return "" if quiet else f"not mentioned: {sorted(wanted.checks)}"
    if not found:
        return f"nothing found, expected {sorted(wanted.checks)} at {sorted(wanted.lines)}; info: {shown(report['findings'])}"
    first = found[0]
    if first["check"] not in wanted.checks:
        return f"expected {sorted(wanted.checks)} first, found {shown(found)}"
    line = (first["location"] or {}).get("line")
    if not wanted.anywhere and line not in wanted.lines:
        return f"expected line {sorted(wanted.lines)}, found {shown(found)}: {first['message']}"
    return ""

"""How often `gradprobe compare` raises a false alarm, and whether it sees every planted fault.

    python -m benchmarks.compare --runs /tmp/runs --write docs/compare.md

Runs are kept in the folder of `--runs` and recorded once. Pairs are of the same program with different seeds: nothing has changed
between them, so that each regression is a false alarm.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np

from gradprobe.compare import Source, compare, gate, regressions
from gradprobe.engine.judge import judge
from gradprobe.extensions import load_checks
from gradprobe.policy import load_policy
from gradprobe.record.directory import find_record
from gradprobe.record.reader import read_record
from gradprobe.values import RunFacts
from gradprobe.values.comparison import ChangeKind, Comparison
from gradprobe_reference.faults import FAULTS
from tests.support.programs import PROGRAMS, ProgramServer, name_of

SEEDS: Final = 21
BATCHES: Final = 25
PROGRAM_SEEDS: Final = 5
SEVERAL: Final = 4
FAULT_SEED: Final = 100
FACTORS: Final = (3.0, 10.0, 30.0, 100.0, 1000.0)
_SEED: Final = re.compile(r"(manual_seed|default_rng|random\.seed)\((\d+)\)")


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of false alarms."""

    what: str
    pairs: int
    alarms: int


def main() -> None:
    """Record what is not recorded yet, compare, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--write", type=Path, help="page between whose marks the tables are written")
    parser.add_argument("--programs", default="healthy/ok_*.py", help="which of tests/programs")
    options = parser.parse_args()
    options.runs.mkdir(parents=True, exist_ok=True)
    server = ProgramServer()
    try:
        reference, programs = _families(server, options.runs, options.programs)
        tables = [
            _when(reference[0].report.run),
            "",
            *_alarms(reference, programs),
            "",
            *_power([reference[: SEVERAL + 1], *programs]),
            "",
            *_faults(server, options.runs),
        ]
    finally:
        server.close()
    print("\n".join(tables))
    if options.write is not None:
        _write(options.write, tables)


def _when(run: RunFacts) -> str:
    """Return when, and with which versions, the runs were recorded."""
    return f"Recorded from {run.started[:10]} on, on the {run.device}, with torch {run.torch} and Python {run.python}."


def _families(server: ProgramServer, runs: Path, pattern: str) -> tuple[list[Source], list[list[Source]]]:
    """Return the runs of the reference loop, and those of each program."""
    reference = [_reference(server, runs / f"reference-{seed}", ["--seed", str(seed)]) for seed in range(SEEDS)]
    families = [
        [_program(server, program, seed, runs) for seed in range(PROGRAM_SEEDS)]
        for program in sorted(PROGRAMS.glob(pattern))
    ]
    # One trains in a child process, which is not recorded.
    return reference, [family for family in families if all(run.report.run.steps for run in family)]


def _alarms(reference: list[Source], programs: list[list[Source]]) -> Iterator[str]:
    """Yield the table of false alarms."""
    rows = [
        _row(f"reference loop, {BATCHES} batches, one baseline", _pairs([reference])),
        _row(f"reference loop, {BATCHES} batches, {SEVERAL} baselines", _several([reference])),
        _row(f"{len(programs)} programs of `tests/programs`, one baseline", _pairs(programs)),
        _row(f"{len(programs)} programs of `tests/programs`, {SEVERAL} baselines", _several(programs)),
    ]
    yield from ("| same program, other seed | pairs | false alarms |", "| --- | ---: | ---: |")
    yield from (f"| {row.what} | {row.pairs} | {row.alarms} |" for row in rows)


def _power(families: Sequence[Sequence[Source]]) -> Iterator[str]:
    """Yield the table of what is seen: every norm of the new run multiplied, as a forgotten weight of the loss would."""
    yield "| every norm of the new run | seen with one baseline | seen with several |"
    yield "| --- | ---: | ---: |"
    for factor in FACTORS:
        scaled = [(family[:-1], _scaled(family[-1], factor)) for family in families]
        one = sum(_sees_norms(compare(before[-1:], new)) for before, new in scaled)
        several = sum(_sees_norms(compare(before, new)) for before, new in scaled)
        yield f"| times {factor:g} | {one} of {len(scaled)} | {several} of {len(scaled)} |"


def _scaled(source: Source, factor: float) -> Source:
    """Return a run with other norms; the codes for none stay."""
    assert source.record is not None
    steps = source.record.steps
    norms = np.where(steps.norms > 0, steps.norms * np.float32(factor), steps.norms)
    record = replace(source.record, steps=replace(steps, norms=norms, lowest=norms, highest=norms))
    return replace(source, record=record)


def _sees_norms(found: Comparison) -> bool:
    return any(change.kind is ChangeKind.NORM for change in found.changes)


def _faults(server: ProgramServer, runs: Path) -> Iterator[str]:
    """Yield the table of planted faults, each against a healthy baseline with another seed."""
    base = _reference(server, runs / "reference-0", ["--seed", "0"])
    yield from ("| `--fault` | regressions at `--fail-on warning` | exit code: error, warning |", "| --- | --- | --- |")
    for name in FAULTS:
        new = _reference(server, runs / f"fault-{name}", ["--seed", str(FAULT_SEED), "--fault", name])
        found = compare([base], new)
        grave = [change for change in regressions(found) if change.severity.value != "info"]
        words = ", ".join(f"{change.kind.value} {change.subject} ({change.severity.value})" for change in grave)
        yield f"| {name} | {words} | {gate(found, 'error')}, {gate(found, 'warning')} |"


def _pairs(families: Sequence[Sequence[Source]]) -> list[Comparison]:
    """Compare each run with each other run of its program."""
    return [compare([base], new) for family in families for base, new in itertools.permutations(family, 2)]


def _several(families: Sequence[Sequence[Source]]) -> list[Comparison]:
    """Compare each run with the first others of its program."""
    return [compare([one for one in family if one is not new][:SEVERAL], new) for family in families for new in family]


def _row(what: str, compared: Sequence[Comparison]) -> Row:
    """Return a line of the table; each alarm is said on stderr, so that it can be looked into."""
    alarms = 0
    for found in compared:
        grave = [change for change in regressions(found) if change.severity.value != "info"]
        alarms += bool(grave)
        for change in grave:
            print(f"{found.baselines[-1].name} -> {found.new.name}: {change.text}", file=sys.stderr)
    return Row(what, len(compared), alarms)


def _reference(server: ProgramServer, folder: Path, words: Sequence[str]) -> Source:
    return _recorded(server, folder, [*words, "--max-batches", str(BATCHES), "--device", "cpu"])


def _program(server: ProgramServer, program: Path, seed: int, runs: Path) -> Source:
    """Return a run of a program all of whose seeds are moved by the same number."""
    folder = runs / f"{name_of(program).replace('/', '-')}-{seed}"
    folder.mkdir(exist_ok=True)
    text = _SEED.sub(lambda found: f"{found[1]}({int(found[2]) + 1000 * seed})", program.read_text("utf-8"))
    script = folder / program.name
    script.write_text(text, "utf-8")
    return _recorded(server, folder, [str(script)])


def _recorded(server: ProgramServer, folder: Path, words: list[str]) -> Source:
    """Return the run in a folder, which is recorded if it is not there.

    Raises:
        RuntimeError: If nothing was recorded.
    """
    folder.mkdir(exist_ok=True)
    if not (folder / "run").is_dir():
        _, code, output = server.run_words(words, folder)
        if not list(folder.glob("run/rank-*.sqlite")):
            raise RuntimeError(
                f"gradprobe run {' '.join(words)} recorded nothing, and ended with {code}: {output[-300:]}"
            )
    record = read_record(find_record(folder / "run"))
    is_reference = record.facts.script.startswith("-m ")
    policy = load_policy("quick-reference" if is_reference else "default")
    return Source(folder.name, judge(record, policy, load_checks(), draw=False), record)


def _write(page: Path, tables: Sequence[str]) -> None:
    """Put the tables between the marks of a page."""
    text = page.read_text("utf-8")
    start, end = "<!-- measured: compare -->", "<!-- end: compare -->"
    before, _, rest = text.partition(start)
    _, _, after = rest.partition(end)
    page.write_text(f"{before}{start}\n{chr(10).join(tables)}\n{end}{after}", "utf-8")


if __name__ == "__main__":
    main()

"""Every program below `tests/programs`: what is wrong is named first, with its line; what is right is left alone.

What gradprobe cannot do yet stands in `tests/programs/not_yet.txt`, and may fail.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import PROGRAMS, ProgramServer, name_of, programs, verdict_on

NOT_YET = frozenset(
    line.split("#")[0].strip()
    for line in (PROGRAMS / "not_yet.txt").read_text().splitlines()
    if line.split("#")[0].strip()
)


@pytest.fixture(scope="session")
def server():
    server = ProgramServer()
    yield server
    server.close()


@pytest.mark.parametrize("program", programs(), ids=name_of)
def test_program(server: ProgramServer, program: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if name_of(program) in NOT_YET:
        request.applymarker(pytest.mark.xfail(reason="see tests/programs/not_yet.txt", strict=False))
    report, code, output = server.run(program, tmp_path)
    assert verdict_on(program, report, code, output) == ""


def test_the_list_names_programs_that_are_there() -> None:
    assert set(map(name_of, programs())) >= NOT_YET

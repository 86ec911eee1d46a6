"""Every program below `tests/programs`: what is wrong is named first, with its line; what is right is left alone.

What gradprobe cannot do yet stands in `tests/programs/not_yet.txt`, and fails as long as it does.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.support.programs import PROGRAMS, ProgramServer, name_of, programs, ranks_of, uses, verdict_on

NOT_YET = {
    name.strip(): reason.strip()
    for name, _, reason in (line.partition("#") for line in (PROGRAMS / "not_yet.txt").read_text().splitlines())
    if name.strip()
}
"""Programs with what stands in their way."""


@pytest.fixture(scope="session")
def server():
    server = ProgramServer()
    yield server
    server.close()


def _param(program: Path) -> object:
    """Return a program as a parameter; one that needs a framework or several processes is slow."""
    marks = [pytest.mark.slow] if uses(program) or ranks_of(program) > 1 else []
    return pytest.param(program, marks=marks, id=name_of(program))


@pytest.mark.parametrize("program", list(map(_param, programs())))
def test_program(server: ProgramServer, program: Path, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    if name_of(program) in NOT_YET:
        request.applymarker(pytest.mark.xfail(reason=NOT_YET[name_of(program)], strict=True))
    missing = [name for name in uses(program) if find_spec(name.partition(".")[0]) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)}, which is not installed")
    report, code, output = server.run(program, tmp_path)
    assert verdict_on(program, report, code, output) == ""


def test_the_list_names_programs_that_are_there() -> None:
    assert set(map(name_of, programs())) >= set(NOT_YET)
    assert all(NOT_YET.values()), "each with its reason"

"""Every program below `tests/programs`: what is wrong is named first, with its line; what is right is left alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.programs import ProgramServer, name_of, programs, verdict_on


@pytest.fixture(scope="session")
def server():
    server = ProgramServer()
    yield server
    server.close()


@pytest.mark.parametrize("program", programs(), ids=name_of)
def test_program(server: ProgramServer, program: Path, tmp_path: Path) -> None:
    report, code, output = server.run(program, tmp_path)
    assert verdict_on(program, report, code, output) == ""

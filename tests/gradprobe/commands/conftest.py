"""The command line in this process, in a directory of the test's own."""

import pytest

from tests.gradprobe.commands.here import Here


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "80")
    return Here(tmp_path, monkeypatch, capsys)

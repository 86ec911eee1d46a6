"""Source lines around a site: only from a file that still is what ran."""

import os

import pytest

from gradprobe.values import Site
from gradprobe_reports.excerpt import SourceLine, excerpt

SOURCE = "def f():\n    x = 1\n\n    y = x.detach()\n    return y\n"


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "train.py"
    path.write_text(SOURCE)
    return path


def test_neighbours_without_common_blanks_and_without_empty_ones(file):
    assert excerpt(Site(str(file), 4, "f", "y = x.detach()"), context=2) == (
        SourceLine(2, "x = 1", False),
        SourceLine(4, "y = x.detach()", True),
        SourceLine(5, "return y", False),
    )


def test_the_first_and_last_line_have_fewer_neighbours(file):
    assert [line.number for line in excerpt(Site(str(file), 1, "f", "def f():"))] == [1, 2]
    assert [line.number for line in excerpt(Site(str(file), 5, "f", "return y"))] == [4, 5]


@pytest.mark.parametrize(
    "site",
    [
        Site("/nowhere/train.py", 4, "f", "y = x.detach()"),
        Site("<string>", 4, "f", "y = x.detach()"),
        Site("null\0byte", 4, "f", "y = x.detach()"),
        Site("/dev/zero", 4, "f", "y = x.detach()"),
        Site("/tmp", 4, "f", "y = x.detach()"),
    ],
)
def test_the_recorded_line_alone_where_the_file_is_gone(site):
    assert excerpt(site) == (SourceLine(4, "y = x.detach()", True),)


@pytest.mark.parametrize("line", [0, 2, 99])
def test_the_recorded_line_alone_where_the_file_has_changed(file, line):
    assert excerpt(Site(str(file), line, "f", "y = x.detach()")) == (SourceLine(line, "y = x.detach()", True),)


def test_nothing_where_no_line_was_recorded(file):
    assert excerpt(Site(str(file), 4, "f", "")) == ()


def test_a_pipe_is_not_read(tmp_path):
    os.mkfifo(tmp_path / "pipe.py")

    assert len(excerpt(Site(str(tmp_path / "pipe.py"), 1, "f", "x"))) == 1


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"# coding: no-such-codec\nx = 1\n"])
def test_a_file_that_cannot_be_decoded_is_as_gone(tmp_path, content):
    (tmp_path / "odd.py").write_bytes(content)

    assert excerpt(Site(str(tmp_path / "odd.py"), 2, "f", "x = 1")) == (SourceLine(2, "x = 1", True),)


def test_neighbours_are_made_safe(tmp_path):
    (tmp_path / "odd.py").write_text("a = '\x1b[31m'\nb = 2\n", encoding="utf-8")

    assert excerpt(Site(str(tmp_path / "odd.py"), 2, "f", "b = 2"))[0].text == "a = '\\x1b[31m'"

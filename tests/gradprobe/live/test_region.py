"""The strip at the bottom of a terminal, played to a terminal emulator."""

import os

import pytest

from gradprobe.live import region
from gradprobe.live.region import Region
from tests.gradprobe.live.terminal import Terminal


@pytest.fixture
def terminal():
    terminal = Terminal()
    yield terminal
    terminal.close()


PANEL = ["verdict", "qwen", "agent"]


def test_output_scrolls_above_the_strip(terminal):
    strip = Region(terminal.fd)
    terminal.type("before\n")
    strip.draw(PANEL)
    terminal.type("".join(f"line {number}\n" for number in range(40)))
    strip.draw(PANEL)

    lines = terminal.lines()

    assert lines[21:] == PANEL
    # 21 lines scroll; the last is the one the cursor stands on
    assert lines[:21] == [*(f"line {number}" for number in range(20, 40)), ""]


def test_a_half_written_line_is_continued_where_it_was(terminal):
    strip = Region(terminal.fd)
    terminal.type("loss ")
    strip.draw(PANEL)
    terminal.type("2.31")
    strip.draw(PANEL)

    assert terminal.lines()[0] == "loss 2.31"


def test_a_cursor_on_the_last_line_is_moved_out_of_the_way(terminal):
    terminal.type("\n" * 40 + "loss ")
    strip = Region(terminal.fd)
    strip.draw(PANEL)
    terminal.type("2.31")

    lines = terminal.lines()

    assert lines[20:] == ["loss 2.31", *PANEL]


def test_closing_gives_the_whole_terminal_back(terminal):
    strip = Region(terminal.fd)
    terminal.type("first\n")
    strip.draw(PANEL)
    terminal.type("second\n")
    strip.close()
    assert terminal.lines()[:3] == ["first", "second", ""]
    assert terminal.lines()[21:] == ["", "", ""]
    assert terminal.scrolls_whole

    terminal.type("".join(f"line {number}\n" for number in range(40)))
    assert terminal.lines()[-2:] == ["line 39", ""]


def test_closing_twice_or_without_drawing_writes_nothing(terminal):
    strip = Region(terminal.fd)
    strip.close()
    strip.draw(PANEL)
    strip.close()
    before = terminal.lines()
    strip.close()

    assert terminal.lines() == before


def test_grows_with_its_lines_and_does_not_shrink(terminal):
    strip = Region(terminal.fd)
    terminal.type("script\n")
    strip.draw(PANEL)
    strip.draw([*PANEL, "loss"])
    assert terminal.lines()[20:] == [*PANEL, "loss"]
    strip.draw(["verdict"])

    assert terminal.lines()[19:] == ["", "verdict", "", "", ""]
    assert terminal.lines()[0] == "script"


def test_takes_a_third_of_the_terminal_at_most(terminal):
    strip = Region(terminal.fd)
    strip.draw([f"row {number}" for number in range(30)])

    # 24 // 3 = 8 lines
    assert terminal.lines()[15:] == ["", *(f"row {number}" for number in range(8))]


@pytest.mark.parametrize("rows", [30, 18])
def test_moves_when_the_terminal_is_resized(terminal, rows):
    strip = Region(terminal.fd)
    terminal.type("script\n")
    strip.draw(PANEL)
    terminal.lines()
    terminal.resize(70, rows)
    assert strip.resized()
    strip.draw(PANEL)

    lines = terminal.lines()

    assert lines[rows - 3 :] == PANEL
    # the emulator, as most terminals, drops lines from the top of a screen that shrinks
    assert [line for line in lines if line] == (["script", *PANEL] if rows > 24 else PANEL)
    assert not strip.resized()
    assert terminal.screen.margins.bottom == rows - 4


def test_leaves_a_terminal_that_became_too_small(terminal):
    strip = Region(terminal.fd)
    strip.draw(PANEL)
    terminal.resize(60, region.LEAST_ROWS - 1)
    strip.draw(PANEL)
    terminal.lines()

    assert terminal.scrolls_whole
    assert strip.size() == (60, 0)


def test_colours_of_the_script_survive_a_drawing(terminal):
    strip = Region(terminal.fd)
    terminal.type("\x1b[31m")
    strip.draw(PANEL)
    terminal.type("red")
    terminal.lines()

    assert terminal.screen.buffer[0][0].fg == "red"
    assert terminal.screen.buffer[21][0].fg == "default"


def test_what_is_usable(terminal, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    assert region.usable(terminal.fd)
    monkeypatch.setenv("TERM", "dumb")
    assert not region.usable(terminal.fd)
    monkeypatch.setenv("TERM", "xterm")
    terminal.resize(60, 5)
    assert not region.usable(terminal.fd)
    reading, writing = os.pipe()
    assert not region.usable(writing)
    os.close(reading)
    os.close(writing)

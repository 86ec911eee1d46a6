"""The compact screen at fixed sizes, and what it leaves out where there is little room."""

from dataclasses import replace

import pytest

from gradprobe.live.screen import compact, drawn
from gradprobe.text.safe import cells
from gradprobe.values import Colour, Flag, ModuleState
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, RED, module
from tests.reports.golden import check_golden


def plain(report, width, height):
    return [line.plain for line in compact(report, width, height)]


@pytest.mark.parametrize("name", ["RED", "HEALTHY", "HOSTILE"])
@pytest.mark.parametrize(("width", "height"), [(79, 8), (119, 13), (59, 5)])
def test_golden(name, width, height):
    report = {"RED": RED, "HEALTHY": HEALTHY, "HOSTILE": HOSTILE}[name]

    check_golden(f"live-{name.lower()}-{width}.txt", "\n".join(plain(report, width, height)) + "\n")


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE])
@pytest.mark.parametrize("height", [0, 1, 2, 3, 4, 6, 20])
@pytest.mark.parametrize("width", [39, 79, 199])
def test_fits(report, width, height):
    lines = plain(report, width, height)

    assert len(lines) <= height
    assert all(cells(line) <= width and line.isprintable() for line in lines)


def test_the_verdict_comes_first_and_alone_if_there_is_one_line():
    assert [line.startswith("── RED so far, step 100 of train.py: 1 warning") for line in plain(RED, 79, 1)] == [True]


def test_nothing_is_called_healthy_before_everything_could_be_judged():
    early = replace(HEALTHY, flags=(*HEALTHY.flags, Flag("loss-falls", Colour.GREY, "falls", "too early to tell")))

    start = "── NOTHING RED so far, step 100 of train.py: 3 flags green, 1 could not be judged "
    assert plain(early, 99, 8)[0].startswith(start)
    assert plain(HEALTHY, 99, 8)[0].startswith("── HEALTHY so far, step 100 of train.py: 3 flags green ")


def test_modules_in_trouble_are_shown_before_others_and_in_their_order():
    modules = (
        module("first"),
        module("dead", ModuleState.NO_GRADIENT),
        module("second"),
        module("inner.most"),
        module("gone", ModuleState.ZERO),
    )
    report = replace(HEALTHY, modules=modules)

    # 5 lines: the verdict, the metric, and three roots, of which two are in trouble
    assert [line.split()[0] for line in plain(report, 79, 5)][1:] == ["first", "dead", "gone", "loss"]


def test_no_color(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("NO_COLOR", "1")
    assert not any("\x1b" in line for line in drawn(compact(RED, 79, 8), 79))
    monkeypatch.delenv("NO_COLOR")
    assert any("\x1b[1;31m" in line for line in drawn(compact(RED, 79, 8), 79))

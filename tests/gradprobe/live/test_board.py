"""A run as large as a terminal, at fixed sizes."""

import io

import pytest
from rich.console import Console

from gradprobe.live.board import board, plain_lines
from gradprobe.live.glance import Glance
from gradprobe.text.safe import cells
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE
from tests.reports.golden import check_golden
from tests.reports.page.examples import PAGE
from tests.support.records import record

RANKS = [
    Glance(
        0, record({"net": ["w"]}, {"net.w": [3.0, 4.0]}, {"loss": [2.0, 1.5]}, stopped_by=None, exit_code=None), 0.4
    ),
    Glance(1, record({"net": ["w"]}, {"net.w": [3.0]}, {"loss": [2.0]}, stopped_by=None, exit_code=None), 75.0),
    Glance(2, None, 0.0),
]


def shown(report, ranks, width=100, height=30):
    console = Console(file=io.StringIO(), width=width, height=height, color_system=None)
    console.print(board(report, ranks, width, height))
    return console.file.getvalue()


@pytest.mark.parametrize(("name", "width"), [("PAGE", 100), ("HEALTHY", 80), ("HOSTILE", 80)])
def test_golden(name, width):
    report = {"PAGE": PAGE, "HEALTHY": HEALTHY, "HOSTILE": HOSTILE}[name]
    check_golden(f"board-{name.lower()}-{width}.txt", shown(report, RANKS, width))


@pytest.mark.parametrize("report", [PAGE, HEALTHY, EMPTY, HOSTILE])
@pytest.mark.parametrize("ranks", [RANKS[:1], RANKS])
@pytest.mark.parametrize(("width", "height"), [(60, 24), (100, 30), (200, 60)])
def test_fits(report, ranks, width, height):
    lines = shown(report, ranks, width, height).splitlines()
    assert len(lines) <= height
    assert all(cells(line) <= width and line.isprintable() for line in lines)


def test_before_the_first_step():
    assert shown(None, RANKS[2:]) == "waiting for the first step\n"


def test_one_rank_has_no_table_of_ranks():
    assert "last written" not in shown(HEALTHY, RANKS[:1])
    assert "last written" in shown(HEALTHY, RANKS)


def test_silence_is_told():
    assert "nothing was written for 1 min 15 s" in shown(HEALTHY, RANKS[1:2])
    assert "nothing was written" not in shown(HEALTHY, RANKS[:1])


def test_plain_lines_say_the_same():
    lines = plain_lines(PAGE)
    assert lines[0].startswith("RED so far, step 100 of train.py")
    assert " error: the gradient of qwen ends here (/home/me/policy.py:144)" in lines
    assert any(line.lstrip().startswith("qwen") and "SEVERED" in line for line in lines)

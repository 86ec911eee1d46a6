"""The terminal report: golden screens, widths, hostile text, colour, encodings."""

import io
import os
from dataclasses import replace

import pytest

from gradprobe.text.safe import cells
from gradprobe.values import Colour, Flag, Severity, Site
from gradprobe_reports import terminal
from gradprobe_reports.terminal.findings import when
from gradprobe_reports.terminal.output import width_of
from tests.gradprobe.live.terminal import Terminal
from tests.reports.examples import EMPTY, FLAGS, HEALTHY, HOSTILE, JOB, MISSING, RED
from tests.reports.golden import check_golden

REPORTS_BY_NAME = {"red": RED, "healthy": HEALTHY, "empty": EMPTY, "hostile": HOSTILE, "job": JOB}
SOURCE = "import torch\n\nclass Refiner:\n    @torch.no_grad()\n    def apply(self, prompt):\n        return prompt\n"


@pytest.fixture(autouse=True)
def no_columns(monkeypatch):
    monkeypatch.delenv("COLUMNS", raising=False)
    monkeypatch.delenv("NO_COLOR", raising=False)


def written(report, width, monkeypatch, encoding="utf-8"):
    monkeypatch.setenv("COLUMNS", str(width))
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding)
    terminal.write(report, file)
    file.flush()
    return raw.getvalue().decode(encoding)


def located(tmp_path, code="@torch.no_grad()", line=4):
    """The red report, with its finding at a line of a real file."""
    file = tmp_path / "refiner.py"
    file.write_text(SOURCE)
    finding = replace(
        MISSING, severity=Severity.ERROR, location=Site(str(file), line, "Refiner.apply", code), first_step=3
    )
    return replace(RED, findings=(finding,))


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("red", 60),
        ("red", 80),
        ("red", 120),
        ("red", 200),
        ("healthy", 80),
        ("empty", 80),
        ("hostile", 80),
        ("job", 80),
    ],
)
def test_golden(name, width, monkeypatch):
    check_golden(f"terminal-{name}-{width}.txt", written(REPORTS_BY_NAME[name], width, monkeypatch))


@pytest.mark.parametrize("name", REPORTS_BY_NAME)
@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_fits_and_is_safe_at_any_width(name, width, monkeypatch):
    lines = written(REPORTS_BY_NAME[name], width, monkeypatch).split("\n")

    assert all(line.isprintable() for line in lines)
    assert max(map(cells, lines)) <= width
    assert all(line == line.rstrip() for line in lines)


def test_hostile_names_do_not_bury_the_report(monkeypatch):
    assert written(HOSTILE, 80, monkeypatch).count("\n") < 130


def test_the_verdict_is_the_first_line(monkeypatch):
    first = written(RED, 80, monkeypatch).splitlines()[0]

    assert first == "RED after 100 steps of train.py: 1 warning, 1 red flag, 1 amber flag"


def test_the_next_command_is_the_last_line(monkeypatch):
    last = written(RED, 80, monkeypatch).splitlines()[-2:]

    assert [line.strip() for line in last if line][-1].startswith("gradprobe report .gradprobe/")


def test_a_command_that_is_too_long_is_continued_so_that_a_copy_runs(monkeypatch):
    lines = written(RED, 60, monkeypatch).splitlines()
    start = next(number for number, line in enumerate(lines) if line.endswith("gradprobe report \\"))

    command = " ".join(line.removesuffix("\\").strip() for line in lines[start : start + 3])
    assert command == "gradprobe report .gradprobe/train-20261122-200000 --report health.html"


def test_source_around_the_line_is_shown_where_the_file_still_has_it(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    text = written(located(tmp_path), 80, monkeypatch)

    excerpt = "       3 | class Refiner:\n     > 4 |     @torch.no_grad()\n       5 |     def apply(self, prompt):\n"
    assert excerpt in text
    assert "\n   refiner.py:4 in Refiner.apply\n" in text
    assert "since step 3" in text


def test_only_the_recorded_line_is_shown_where_the_file_has_changed(tmp_path, monkeypatch):
    text = written(located(tmp_path, code="@torch.inference_mode()"), 80, monkeypatch)

    assert "     > 4 | @torch.inference_mode()\n" in text
    assert "def apply" not in text


def test_flags_are_words_with_what_is_broken_first(monkeypatch):
    text = written(RED, 80, monkeypatch)
    words = [line.split()[1] for line in text.splitlines() if line.split()[:1] and line.split()[0] in names()]

    assert words == ["RED", "AMBER", "grey", "green", "green"]


def names():
    return {flag.name for flag in FLAGS}


def test_many_findings_and_metrics_are_cut(monkeypatch):
    text = written(replace(RED, findings=(MISSING,) * 12, metrics=RED.metrics * 10), 80, monkeypatch)

    assert "2 more findings: see --report health.html" in text
    assert "8 more metrics not shown" in text


@pytest.mark.parametrize(
    ("first", "last", "steps", "shown"),
    [(0, 99, 100, "since step 0"), (5, 5, 100, "step 5"), (5, 9, 100, "steps 5 to 9"), (99, 99, 100, "step 99")],
)
def test_when(first, last, steps, shown):
    assert when(first, last, steps) == shown


def test_an_ascii_file_gets_ascii(monkeypatch):
    text = written(HOSTILE, 80, monkeypatch, encoding="ascii")

    assert "RED after 100 steps" in text


def test_no_colour_in_a_file(monkeypatch):
    assert "\x1b" not in written(RED, 80, monkeypatch)


@pytest.mark.parametrize(("variable", "value"), [("NO_COLOR", "1"), ("TERM", "dumb"), (None, None)])
def test_colour_only_in_a_terminal_that_wants_it(variable, value, monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    if variable:
        monkeypatch.setenv(variable, value)
    screen = Terminal(columns=100, rows=60)
    with os.fdopen(os.dup(screen.fd), "w", encoding="utf-8") as file:
        terminal.write(HEALTHY, file)
        assert width_of(file) == 100
    lines = screen.lines()
    coloured = screen.screen.buffer[0][0].fg != "default"
    screen.close()

    assert lines[0].startswith("HEALTHY after 100 steps")
    assert coloured == (variable is None)


def test_width(monkeypatch, tmp_path):
    with (tmp_path / "report.txt").open("w") as file:
        assert width_of(file) == 80
        monkeypatch.setenv("COLUMNS", "132")
        assert width_of(file) == 132
        monkeypatch.setenv("COLUMNS", "3")
        assert width_of(file) == 40
        monkeypatch.setenv("COLUMNS", "wide")
        assert width_of(file) == 80


def test_nothing_is_written_for_what_is_not_there(monkeypatch):
    text = written(replace(EMPTY, not_seen=()), 80, monkeypatch)

    assert [line.split(" ")[0] for line in text.splitlines() if line and not line.startswith(" ")] == [
        "WARNING",
        "torch",
    ]


def test_a_grey_flag_is_not_green(monkeypatch):
    report = replace(HEALTHY, flags=(Flag("loss-falls", Colour.GREY, "down", "too early to tell"),))

    assert written(report, 80, monkeypatch).splitlines()[0].endswith("0 flags green, 1 could not be judged")

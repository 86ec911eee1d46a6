"""Every row of "Bad input" that a command line can cause: one line, exit code 2, nothing written, nothing run."""

import sqlite3

import pytest

from tests.gradprobe.commands.here import assert_one_line
from tests.gradprobe.live.runs import write_run

OK = "open('it-ran', 'w')"
BAD_POLICY = "schema = 1\nname = 'mine'\n[[flag]]\nname = 'a'\nkind = 'finite'\nmetrik = 'loss'\n"

ROWS = {
    "missing script": (["run", "trian.py"], "found nothing at trian.py"),
    "directory": (["run", "folder"], "found a directory: folder"),
    "syntax error": (["run", "broken.py"], "broken.py:2: "),
    "another kind of file": (["run", "picture.py"], "picture.py"),
    "standard input": (["run", "-"], "found nothing at -"),
    "no module": (["run", "-m"], "expected the name of a module after -m"),
    "missing module": (["run", "-m", "no_such_module"], "none named no_such_module"),
    "missing parent": (["run", "-m", "no_such.module"], "none named no_such.module"),
    "relative module": (["run", "-m", ".module"], ".module"),
    "package without __main__": (["run", "-m", "folder"], "none named folder"),
    "module without source": (["run", "-m", "sys"], "none for sys"),
    "unknown option": (["run", "--outptu", "x", "ok.py"], "found --outptu; did you mean --output?"),
    "unlike any option": (["run", "-z", "ok.py"], "found -z; `gradprobe run --help` lists them"),
    "option without a value": (["run", "--output"], "--output"),
    "flag with a value": (["run", "--quiet=yes", "ok.py"], "--quiet"),
    "no batch": (["run", "--max-batches", "0", "ok.py"], "--max-batches"),
    "not a number": (["run", "--max_batches=x", "ok.py"], "--max-batches"),
    "fail on what": (["run", "--fail-on", "everything", "ok.py"], "'everything'"),
    "missing policy": (["run", "--policy", "none.toml", "ok.py"], "none.toml"),
    "invalid policy": (["run", "--policy", "bad.toml", "ok.py"], "metrik"),
    "unreadable policy": (["run", "--policy", "folder", "ok.py"], "folder"),
    "unknown check": (["run", "--select", "missing-gradeint", "ok.py"], "did you mean missing-gradient?"),
    "unknown check to ignore": (["run", "--ignore", "nothing-like-it", "ok.py"], "'nothing-like-it'"),
    "unknown suffix": (["run", "--report", "out.pdf", "ok.py"], "found out.pdf"),
    "no suffix": (["run", "--report", "out", "ok.py"], "--format"),
    "unknown format": (["run", "--report", "-", "--format", "pdf", "ok.py"], "'pdf'"),
    "format of nothing": (["run", "--format", "json", "ok.py"], "--report - --format json"),
    "report in no directory": (["run", "--report", "no/where/out.json", "ok.py"], "no directory no/where"),
    "report on a directory": (["run", "--report", "folder", "ok.py"], "found the directory folder"),
    "output is a file": (["run", "--output", "ok.py", "ok.py"], "ok.py"),
    "output below a file": (["run", "--output", "ok.py/run", "ok.py"], "ok.py/run"),
    "output that cannot be written": (["run", "--output", "/proc/gradprobe", "ok.py"], "/proc/gradprobe"),
    "output that holds a run": (["run", "--output", "run", "ok.py"], "found a run in "),
    "unknown command": (["explian"], "explian"),
    "unknown option of a command": (["report", "--fromat", "json"], "--fromat"),
    "no run to report": (["report"], "found none; record one with `gradprobe run"),
    "missing run": (["report", "nowhere"], "found nothing at nowhere"),
    "run without a record": (["report", "folder"], "found no record in folder"),
    "foreign file": (["report", "broken.py"], "broken.py"),
    "empty file": (["report", "empty.sqlite"], "found an empty one"),
    "foreign database": (["report", "foreign.sqlite"], "foreign.sqlite"),
    "truncated record": (["report", "cut.sqlite"], "cut.sqlite"),
    "report of a run, unknown suffix": (["report", "run", "--report", "out.pdf"], "found out.pdf"),
    "no check to explain": (["explain", "missing-gradeint"], "did you mean missing-gradient?"),
    "no policy to print": (["policy", "quick"], "quick-reference"),
    "no run to export": (["export", "nowhere", "out"], "nowhere"),
    "nowhere to export to": (["export", "run", "ok.py/out"], "ok.py/out"),
    "unknown kind of export": (["export", "run", "out.xlsx"], "out.xlsx"),
}


@pytest.fixture
def prepared(here):
    here.script(OK, "ok.py")
    here.script("print('no')\nif True print(1)\n", "broken.py")
    here.script(BAD_POLICY, "bad.toml")
    here.script("", "empty.sqlite")
    (here.place / "picture.py").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (here.place / "folder").mkdir()
    write_run(here.place / "run")
    whole = (here.place / "run" / "rank-0.sqlite").read_bytes()
    (here.place / "cut.sqlite").write_bytes(whole[: len(whole) // 2])
    foreign = sqlite3.connect(here.place / "foreign.sqlite")
    foreign.execute("CREATE TABLE steps (id)")
    foreign.commit()
    foreign.close()
    return here


@pytest.mark.parametrize("row", ROWS)
def test_bad_input_is_one_line_and_leaves_no_trace(prepared, row):
    words, named = ROWS[row]
    before = prepared.everything()
    line = assert_one_line(prepared(*words))
    assert named in line
    assert prepared.everything() == before


def test_policy_error_names_file_line_and_valid_keys(prepared):
    line = assert_one_line(prepared("run", "--policy", "bad.toml", "ok.py"))
    assert "bad.toml" in line and "6" in line and "metric" in line  # `metrik` stands on its sixth line.


def test_no_command_is_the_help(here):
    ran = here()
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.startswith("Usage: gradprobe [OPTIONS] COMMAND")


def test_version(here):
    from gradprobe import __version__

    assert here("--version").out == f"gradprobe {__version__}\n"

"""A program under `gradprobe run` ends as under `python`: code, traceback, hooks, handlers, threads."""

import sys

import pytest

from gradprobe.record.directory import find_record
from gradprobe.record.reader import read_record
from tests.gradprobe.runner.programs import run, run_twice

GROUP, RAISED = "cause('two')", "LookupError: two"
if sys.version_info >= (3, 11):
    GROUP = "ExceptionGroup('several', [ValueError('one'), cause('two')])"
    RAISED = "ExceptionGroup: several (2 sub-exceptions)"

ENDINGS = {
    # 256 + 7 is 7: the interpreter hands the low eight bits on.
    "low eight bits": (7, "import sys; print('out'); sys.exit(256 + 7)"),
    "negative": (255, "raise SystemExit(-1)"),
    "text": (1, "import sys; sys.exit('a text, and 1')"),
    "raised": (
        1,
        f"""
import atexit, concurrent.futures, threading, time

def cause(text):
    try:
        {{}}[text]
    except KeyError as error:
        inner = LookupError(text)
        inner.__cause__ = error
        return inner

def late():
    time.sleep(0.3)
    threading.Thread(target=lambda: print("the thread of the thread", flush=True)).start()

pool = concurrent.futures.ThreadPoolExecutor(1)  # Left open.
pool.submit(print, "in the pool", flush=True).result()
atexit.register(lambda: print("at exit", flush=True))
threading.Thread(target=late).start()
try:
    1 / 0
except ZeroDivisionError as error:
    raise {GROUP} from error
""",
    ),
    "not an Exception": (1, "class Stop(BaseException): pass\nraise Stop('stopped')"),
    "own hook": (
        4,
        """
import atexit, sys
def hook(kind, error, trace):
    print("hook:", kind.__name__, error, trace.tb_frame.f_code.co_name, trace.tb_lineno)
    sys.exit(4)
sys.excepthook = hook
atexit.register(lambda: print("last:", repr(sys.last_value)))
raise ValueError("mine")
""",
    ),
    "broken hook": (
        1,
        """
import sys
def hook(*_):
    raise RuntimeError("the hook is broken")
sys.excepthook = hook
raise ValueError("mine")
""",
    ),
    "interrupted": (
        -2,
        """
import atexit, os, signal
atexit.register(lambda: print("at exit", flush=True))
def train():
    os.kill(os.getpid(), signal.SIGINT)
    while True:
        pass
train()
""",
    ),
    "at once": (5, "import os; print('kept', flush=True); os._exit(5)"),
}


@pytest.fixture(scope="module", params=ENDINGS)
def ended(request, tmp_path_factory):
    code, text = ENDINGS[request.param]
    place = tmp_path_factory.mktemp("ending").resolve()
    (place / "train.py").write_text(text)
    return request.param, code, run_twice("train.py", cwd=place), place


def test_ends_as_under_python(ended):
    _, code, twice, _ = ended
    assert twice.alone.returncode == code
    twice.assert_same()


def test_record_tells_how_it_ended(ended):
    name, _, _, place = ended
    facts = read_record(find_record(next((place / ".gradprobe").glob("train-*")))).facts
    expected = {
        "low eight bits": (7, "script", None),
        "negative": (255, "script", None),
        "text": (1, "script", None),
        "raised": (1, "exception", RAISED),
        "not an Exception": (1, "exception", "Stop: stopped"),
        "own hook": (4, "exception", "ValueError: mine"),
        "broken hook": (1, "exception", "ValueError: mine"),
        "interrupted": (130, "signal", "KeyboardInterrupt: "),
        "at once": (5, "script", None),
    }
    assert (facts.exit_code, facts.stopped_by, facts.exception) == expected[name]


LEAVING = """
import os, sys
if os.fork() == 0:
    os._exit(3)  # A child's own affair.
os.wait()
import torch
model = torch.nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for _ in range(4):
    model(torch.ones(1, 2)).sum().backward()
    optimizer.step()
WAY
"""


@pytest.mark.parametrize("way", ["os._exit(7)", "os.execl(sys.executable, sys.executable, '-c', 'print(1); exit(7)')"])
def test_what_was_recorded_is_kept_where_the_process_is_left_at_once(tmp_path, way):
    (tmp_path / "train.py").write_text(LEAVING.replace("WAY", way))
    ran = run("train.py", cwd=tmp_path, options=["--output", "kept", "--no-live"])
    assert (ran.returncode, ran.stdout) == (7, b"" if "_exit" in way else b"1\n")
    said = "left by os._exit" if "_exit" in way else "becomes another program, of which nothing is recorded"
    told = [line for line in ran.stderr.decode().splitlines() if line.startswith("gradprobe: ")]
    assert told == [f"gradprobe: the script {said}; `gradprobe report kept` judges what it did before"]
    facts = read_record(find_record(tmp_path / "kept")).facts
    assert (facts.steps, facts.exit_code) == (4, 7 if "_exit" in way else None)


WANDERING = """
import io, os, sys
os.chdir("away")
sys.stdout.close()
sys.stderr = io.StringIO()
sys.exit(3)
"""


def test_report_finds_its_way_whatever_the_program_left_behind(tmp_path):
    """It moved, closed its standard output, put away standard error, and has a module named as one gradprobe needs."""
    (tmp_path / "away").mkdir()
    (tmp_path / "train.py").write_text(WANDERING)
    for name in ("rich", "scipy"):
        (tmp_path / f"{name}.py").write_text("raise ImportError('the wrong one')")
    flag = 'name = "loss-finite"\nkind = "finite"\nmetric = "loss"\nseverity = "error"\n'
    (tmp_path / "mine.toml").write_text(f'schema = 1\nname = "mine"\n[[flag]]\n{flag}')
    options = ["--report", "out.json", "--output", "kept/run", "--policy", "mine.toml"]
    ran = run("train.py", cwd=tmp_path, options=options)
    assert ran.returncode == 3
    assert b"policy mine" in ran.stderr and b"gradprobe report kept/run " in ran.stderr, ran.stderr.decode()
    assert (tmp_path / "out.json").is_file() and list((tmp_path / "kept/run").glob("*.sqlite"))
    assert not list((tmp_path / "away").iterdir())


def test_package_that_fails_to_import_is_one_line(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "__init__.py").write_text("1 / 0")
    ran = run("-m", "broken.train", cwd=tmp_path)
    assert ran.returncode == 2 and ran.stdout == b""
    (line,) = ran.stderr.decode().splitlines()
    assert line.startswith("gradprobe: expected a module ") and "ZeroDivisionError: division by zero" in line

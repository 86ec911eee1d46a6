"""A program under `gradprobe run` finds itself in the same world as under `python`."""

import json
import sys

import pytest

from tests.gradprobe.runner.programs import run_twice

FACTS = '''"""The doc string."""
import sys
modules = sorted(sys.modules)
import inspect, json, os, pathlib, pickle, signal, threading

class Kept:
    value = 7

try:
    def annotated(value: no_such_name) -> None: ...
    leaked = "annotations are not evaluated: a __future__ import leaked in"
except NameError:
    leaked = None

facts = {
    "names": sorted(globals()),
    "name": __name__,
    "file": __file__,
    "doc": __doc__,
    "package": __package__,
    "cached": __cached__,
    "spec": __spec__ and [__spec__.name, __spec__.origin, __spec__.parent, __spec__.cached],
    "loader": [type(__loader__).__name__, getattr(__loader__, "path", None), getattr(__loader__, "name", None)],
    "builtins": __builtins__ is sys.modules["builtins"],
    "main": sys.modules["__main__"].__dict__ is globals(),
    "argv": sys.argv,
    "path": sys.path,
    "cwd": os.getcwd(),
    "environment": dict(os.environ),
    "flags": str(sys.flags),
    "leaked": leaked,
    "text": "\u00e9\u00df",
    "source": inspect.getsource(Kept),
    "own": pathlib.Path(__file__).read_bytes().hex(),
    "pickled": type(pickle.loads(pickle.dumps(Kept()))) is Kept,
    "interrupt": signal.getsignal(signal.SIGINT) is signal.default_int_handler,
    "threads": [thread.name for thread in threading.enumerate()],
    "limit": sys.getrecursionlimit(),
    "hooks": [sys.excepthook is sys.__excepthook__, sys.displayhook is sys.__displayhook__, sys.gettrace()],
    "stdin": sys.stdin.buffer.read().hex(),
}
try:
    from . import beside
    facts["beside"] = beside.__name__
except (ImportError, ImportWarning) as error:
    facts["beside"] = str(error)
print(json.dumps({"modules": modules, **facts}))
sys.stdout.buffer.write(b"\\r\\n\\x00\\xff bytes")
'''


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory with the same program in every form."""
    place = tmp_path_factory.mktemp("place").resolve()
    (place / "facts.py").write_text(FACTS, encoding="utf-8")
    (place / "below").mkdir()
    (place / "below" / "bom.py").write_text(FACTS, encoding="utf-8-sig")
    (place / "below" / "cookie.py").write_text("# -*- coding: latin-1 -*-\n" + FACTS, encoding="latin-1")
    (place / "linked.py").symlink_to("below/cookie.py")
    (place / "tools").mkdir()
    for name, text in {"__init__": "", "__main__": FACTS, "facts": FACTS, "beside": ""}.items():
        (place / "tools" / f"{name}.py").write_text(text, encoding="utf-8")
    return place


FORMS = {
    "script": ((), ("facts.py", "one", "--two", "--quiet", "--", "-m")),
    "relative path, byte order mark": ((), ("below/bom.py",)),
    "symbolic link, coding cookie": ((), ("linked.py", "")),
    "module": ((), ("-m", "tools.facts", "--output", "mine")),
    "package": ((), ("-m", "tools")),
    "warnings are errors": (("-W", "error"), ("facts.py",)),
}
if sys.version_info >= (3, 11):
    FORMS["safe path"] = (("-P",), ("facts.py",))


@pytest.fixture(scope="module", params=FORMS)
def twice(request, place):
    python, words = FORMS[request.param]
    return run_twice(*words, cwd=place, python=python, stdin=b"\x00\xff\r\n")


def test_sees_what_it_sees_under_python(twice):
    (alone, *rest), (probed, *probed_rest) = (one.stdout.split(b"\r\n", 1) for one in (twice.alone, twice.probed))
    expected, found = json.loads(alone), json.loads(probed)
    del expected["modules"], found["modules"]
    assert found == expected
    assert expected["leaked"] is None and expected["pickled"] and expected["main"] and expected["text"] == "éß"
    assert probed_rest == rest == [b"\x00\xff bytes"]
    twice.assert_same_errors_and_code()


# Typer 0.29 takes pydantic, the four around it, annotated_doc and shellingham along.
OURS = {"gradprobe", "typer", "click", "pydantic", "pydantic_core", "annotated_types", "annotated_doc"}
OURS |= {"typing_extensions", "typing_inspection", "shellingham"}


def test_first_line_runs_before_any_heavy_import(twice):
    new = set(json.loads(twice.probed.stdout.split(b"\r\n")[0])["modules"])
    new -= set(json.loads(twice.alone.stdout.split(b"\r\n")[0])["modules"])
    libraries = {name.split(".")[0] for name in new} - set(sys.stdlib_module_names)
    libraries = {name for name in libraries if not name.startswith("_sysconfigdata")}
    assert "gradprobe" in libraries
    assert libraries <= OURS, "the script is not the first to import these"


CHILDREN = """
import multiprocessing as mp, os, signal, sys, time

class Job:
    def __init__(self, number):
        self.number = number

def work(job):
    here = sys.modules[type(job).__module__]
    return job.number * 2, here.__name__, os.path.basename(here.__file__), sys.argv[1:]

def sleep():
    time.sleep(60)

if __name__ == "__main__":
    for method in ("spawn", "fork"):
        context = mp.get_context(method)
        with context.Pool(1) as pool:
            result = pool.map(work, [Job(21)])
        print(method, result, flush=True)
    process = mp.get_context("fork").Process(target=sleep)
    process.start()
    time.sleep(0.1)
    process.terminate()
    process.join()
    print("terminated", process.exitcode, flush=True)
    for ending in ("sys.exit(9)", "1 / 0", "None"):
        child = os.fork()
        if child == 0:
            eval(ending)
            break
        print(ending, os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""


def test_children_are_its_own_and_print_no_report(tmp_path):
    """A spawned worker finds `__mp_main__`; forked ones end as they would, without a word of gradprobe."""
    (tmp_path / "children.py").write_text(CHILDREN)
    twice = run_twice("children.py", "word", cwd=tmp_path, options=())
    twice.assert_same()
    lines = twice.probed.stdout.decode().splitlines()
    assert lines[0] == "spawn [(42, '__mp_main__', 'children.py', ['word'])]"
    assert lines[1] == "fork [(42, '__main__', 'children.py', ['word'])]"
    assert lines[2:] == ["terminated -15", "sys.exit(9) 9", "1 / 0 1", "None 0"]

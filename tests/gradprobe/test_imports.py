"""Being told that a module has been imported, while nobody who imports it can tell."""

from __future__ import annotations

import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import sys
import threading
import zipfile

import pytest

from gradprobe.imports import after_import

NAME = "module_that_is_waited_for"


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """A place for modules on the path; afterwards, the import system as it was."""
    monkeypatch.syspath_prepend(tmp_path)
    before = list(sys.meta_path)
    yield
    left = [finder for finder in sys.meta_path if finder not in before]
    sys.meta_path[:] = before
    for name in [name for name in sys.modules if name.partition(".")[0] == NAME]:
        del sys.modules[name]
    assert not left, "nobody waits any more"


def source(tmp_path, text: str) -> None:
    (tmp_path / f"{NAME}.py").write_text(text)
    importlib.invalidate_caches()


def test_the_action_comes_once_when_the_module_has_been_executed(tmp_path):
    source(tmp_path, "import sys\nseen = list(sys.told)\nlast = 1\n")
    sys.told = told = []
    try:
        after_import(NAME, lambda: told.append(sys.modules[NAME].last))
        module = importlib.import_module(NAME)
        assert module.seen == [], "not before its last line"
        assert told == [1]
        importlib.import_module(NAME)
        importlib.reload(module)
        assert told == [1], "once"
    finally:
        del sys.told


def test_a_module_that_is_there_already_needs_no_waiting():
    told = []
    before = list(sys.meta_path)
    stop = after_import("json", lambda: told.append(1))
    assert told == [1]
    assert sys.meta_path == before
    stop()


def test_nobody_waits_after_stop(tmp_path):
    source(tmp_path, "")
    told = []
    before = list(sys.meta_path)
    stop = after_import(NAME, lambda: told.append(1))
    assert sys.meta_path != before
    stop()
    assert sys.meta_path == before
    importlib.import_module(NAME)
    stop()
    assert told == []


def test_stop_while_the_module_is_being_executed(tmp_path):
    source(tmp_path, "import sys\nsys.stop_waiting()\n")
    told = []
    sys.stop_waiting = after_import(NAME, lambda: told.append(1))
    try:
        importlib.import_module(NAME)
    finally:
        del sys.stop_waiting
    assert told == []


def test_an_import_that_fails_is_waited_for_again(tmp_path):
    source(tmp_path, "raise RuntimeError('not today')\n")
    told = []
    after_import(NAME, lambda: told.append(1))
    for _ in range(2):
        with pytest.raises(RuntimeError, match="not today"):
            importlib.import_module(NAME)
    assert told == []
    (tmp_path / f"{NAME}.py").unlink()
    source(tmp_path, "fine = True  # now longer than before\n")
    assert importlib.import_module(NAME).fine
    assert told == [1]


def test_a_module_that_is_not_there(tmp_path):
    told = []
    stop = after_import(NAME, lambda: told.append(1))
    with pytest.raises(ModuleNotFoundError, match=NAME):
        importlib.import_module(NAME)
    assert importlib.util.find_spec(NAME) is None
    source(tmp_path, "")
    importlib.import_module(NAME)
    assert told == [1]
    stop()


def test_asking_where_the_module_is_does_not_import_it(tmp_path):
    source(tmp_path, "")
    told = []
    after_import(NAME, lambda: told.append(1))
    assert importlib.util.find_spec(NAME).origin == str(tmp_path / f"{NAME}.py")
    assert told == []
    importlib.import_module(NAME)
    assert told == [1]


def test_the_module_its_spec_and_its_loader_look_untouched(tmp_path):
    # What it sees of itself while it is executed, and what others see of it afterwards.
    source(tmp_path, "during = dict(vars(__loader__)), __spec__.loader is __loader__, __spec__.origin, __file__\n")
    plain = importlib.import_module(NAME)
    expected = (plain.during, dict(vars(plain.__loader__)), sorted(vars(plain)), type(plain.__loader__))
    del sys.modules[NAME]
    after_import(NAME, lambda: None)
    module = importlib.import_module(NAME)
    assert (module.during, dict(vars(module.__loader__)), sorted(vars(module)), type(module.__loader__)) == expected
    assert module.__spec__.loader is module.__loader__
    assert module.__loader__.exec_module.__func__ is importlib.machinery.SourceFileLoader.exec_module


def test_a_loader_that_brought_an_exec_module_of_its_own_keeps_it(tmp_path):
    source(tmp_path, "")
    calls = []

    class Finder(importlib.abc.MetaPathFinder):
        """Somebody else who waits in the same way."""

        def find_spec(self, fullname, path=None, target=None):
            if fullname != NAME:
                return None
            spec = importlib.machinery.PathFinder.find_spec(fullname, path, target)
            execute = spec.loader.exec_module
            spec.loader.exec_module = own = lambda module: (calls.append("theirs"), execute(module))
            self.own = own
            return spec

    finder = Finder()
    sys.meta_path.insert(0, finder)
    try:
        after_import(NAME, lambda: calls.append("ours"))
        module = importlib.import_module(NAME)
    finally:
        sys.meta_path.remove(finder)
    assert calls == ["theirs", "ours"]
    assert vars(module.__loader__)["exec_module"] is finder.own


def test_two_who_wait_for_the_same_module(tmp_path):
    source(tmp_path, "")
    told = []
    after_import(NAME, lambda: told.append("first"))
    after_import(NAME, lambda: told.append("second"))
    module = importlib.import_module(NAME)
    assert sorted(told) == ["first", "second"]
    assert "exec_module" not in vars(module.__loader__)


def test_a_package_and_its_submodules(tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "__init__.py").write_text(f"from {NAME} import part\nwhole = True\n")
    (tmp_path / NAME / "part.py").write_text("here = True\n")
    importlib.invalidate_caches()
    told = []
    after_import(NAME, lambda: told.append(sys.modules[NAME].whole))
    assert importlib.import_module(f"{NAME}.part").here
    assert told == [True]


def test_a_submodule_is_waited_for_by_its_full_name(tmp_path):
    (tmp_path / NAME).mkdir()
    (tmp_path / NAME / "__init__.py").touch()
    (tmp_path / NAME / "part.py").touch()
    importlib.invalidate_caches()
    told = []
    after_import(f"{NAME}.part", lambda: told.append(1))
    importlib.import_module(NAME)
    assert told == []
    importlib.import_module(f"{NAME}.part")
    assert told == [1]


def test_a_module_in_a_zip_file(tmp_path, monkeypatch):
    with zipfile.ZipFile(tmp_path / "modules.zip", "w") as archive:
        archive.writestr(f"{NAME}.py", "zipped = True\n")
    monkeypatch.syspath_prepend(tmp_path / "modules.zip")
    told = []
    after_import(NAME, lambda: told.append(1))
    assert importlib.import_module(NAME).zipped
    assert told == [1]


def test_a_namespace_package_is_found_as_ever(tmp_path):
    (tmp_path / NAME).mkdir()
    importlib.invalidate_caches()
    told = []
    stop = after_import(NAME, lambda: told.append(1))
    assert importlib.import_module(NAME).__path__
    stop()


def test_other_threads_may_ask_for_the_module_meanwhile(tmp_path):
    source(tmp_path, "import time\ntime.sleep(0.05)\n")
    told, found, done = [], [], threading.Event()
    after_import(NAME, lambda: told.append(1))

    def ask():
        while not done.is_set():
            if NAME not in sys.modules:
                found.append(importlib.util.find_spec(NAME) is not None)

    asking = [threading.Thread(target=ask) for _ in range(3)]
    for thread in asking:
        thread.start()
    importing = [threading.Thread(target=importlib.import_module, args=(NAME,)) for _ in range(3)]
    for thread in importing:
        thread.start()
    for thread in importing:
        thread.join()
    done.set()
    for thread in asking:
        thread.join()
    assert told == [1], "once, and not missed"
    assert all(found)


def test_an_action_may_wait_for_the_module_itself(tmp_path):
    source(tmp_path, "")
    told = []
    after_import(NAME, lambda: after_import(NAME, lambda: told.append("at once")))
    importlib.import_module(NAME)
    assert told == ["at once"]


def test_an_action_that_fails_says_so_to_whoever_imports(tmp_path):
    # The recording's own action reports its failures itself; this is what an oversight there would look like.
    source(tmp_path, "")

    def fail():
        raise ValueError("the action")

    after_import(NAME, fail)
    with pytest.raises(ValueError, match="the action"):
        importlib.import_module(NAME)
    assert importlib.import_module(NAME)

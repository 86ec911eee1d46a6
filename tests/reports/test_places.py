"""Where files lie, as programs elsewhere name them."""

from pathlib import Path

import pytest

from gradprobe_reports.places import file_uri, is_file, roots


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


def test_the_working_directory_is_the_root(project):
    where = roots()

    assert where.relative(str(project / "models" / "a.py")) == "models/a.py"
    assert where.relative("models/../b.py") == "b.py"
    assert where.relative(str(project.parent / "a.py")) is None
    assert where.shown("/elsewhere/a.py") == "/elsewhere/a.py"


@pytest.mark.parametrize("variable", ["GITHUB_WORKSPACE", "CI_PROJECT_DIR"])
def test_a_checkout_around_the_working_directory_is_the_root(project, monkeypatch, variable):
    monkeypatch.setenv(variable, str(project.parent))
    where = roots()

    assert where.relative(str(project / "a.py")) == "project/a.py"
    assert where.relative("a.py") == "project/a.py"


def test_a_checkout_elsewhere_is_not(project, monkeypatch):
    (project.parent / "other").mkdir()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(project.parent / "other"))

    assert roots().relative(str(project / "a.py")) == "a.py"


def test_a_file_that_was_named_through_a_link_is_found(project):
    (project.parent / "link").symlink_to(project)

    assert roots().relative(str(project.parent / "link" / "a.py")) == "a.py"


def test_a_working_directory_that_is_gone_is_no_failure(project, monkeypatch):
    (project / "gone").mkdir()
    monkeypatch.chdir(project / "gone")
    (project / "gone").rmdir()

    assert roots().uri("/a/b.py") == "a/b.py"


@pytest.mark.parametrize("name", ["null\0byte", "x" * 10_000, "\udcff"])
def test_a_name_that_no_file_can_have_is_no_failure(name):
    assert roots().uri(name).isascii()


@pytest.mark.parametrize(
    ("path", "uri"),
    [
        ("/a b/ü.py", "file:///a%20b/%C3%BC.py"),
        (Path("/a#?%.py"), "file:///a%23%3F%25.py"),
        ("/a\udcff.py", "file:///a%5Cudcff.py"),
    ],
)
def test_file_uris_are_percent_encoded(path, uri):
    assert file_uri(path) == uri


@pytest.mark.parametrize("name", ["", "<string>", "<ipython-input-3-abc>", "<frozen runpy>"])
def test_what_the_interpreter_only_calls_so_is_no_file(name):
    assert not is_file(name)

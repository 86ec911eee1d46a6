"""The project as a whole: what is shipped, what a start costs, how the tests are laid out."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tarfile
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).resolve().parents[1]
SOURCE_ROOTS = (
    "gradprobe",
    "checks/gradprobe_checks",
    "reports/gradprobe_reports",
    "reference_train/gradprobe_reference",
)
PACKAGES = tuple(Path(root).name for root in SOURCE_ROOTS)
HEAVY = ("torch", "transformers", "pandas", "scipy", "pyarrow")

in_checkout = pytest.mark.skipif(
    not (CHECKOUT / "gradprobe").is_dir(), reason="needs the checkout, and gradprobe is tested away from it"
)


@pytest.fixture(scope="module")
def distributions(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist built from the checkout and the wheel built from that sdist."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(folder), str(CHECKOUT)]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return folder


@pytest.fixture(scope="module")
def wheel(distributions: Path) -> zipfile.ZipFile:
    (path,) = distributions.glob("*.whl")
    return zipfile.ZipFile(path)


def shipped_files() -> set[str]:
    """Every file of the four packages in the checkout, by its path in site-packages."""
    return {
        f"{Path(root).name}/{file.relative_to(CHECKOUT / root).as_posix()}"
        for root in SOURCE_ROOTS
        for file in (CHECKOUT / root).rglob("*")
        if file.is_file() and "__pycache__" not in file.parts
    }


@in_checkout
@pytest.mark.slow
def test_wheel_holds_the_four_packages_whole_and_nothing_else(wheel: zipfile.ZipFile) -> None:
    names = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert names == shipped_files()


@in_checkout
@pytest.mark.slow
def test_wheel_holds_typing_markers_policies_and_the_report_schema(wheel: zipfile.ZipFile) -> None:
    names = wheel.namelist()
    assert {f"{package}/py.typed" for package in PACKAGES} <= set(names)
    assert any(name.startswith("gradprobe/policy/") and name.endswith("/default.toml") for name in names)
    assert any(name.startswith("gradprobe/policy/") and name.endswith("/quick-reference.toml") for name in names)
    assert any(name.startswith("gradprobe_reports/") and name.endswith(".schema.json") for name in names)


@in_checkout
@pytest.mark.slow
def test_wheel_holds_licence_and_entry_points(wheel: zipfile.ZipFile) -> None:
    (information,) = {name.split("/")[0] for name in wheel.namelist() if ".dist-info/" in name}
    assert "Apache License" in wheel.read(f"{information}/licenses/LICENSE").decode()
    declared = wheel.read(f"{information}/entry_points.txt").decode()
    for line in (
        "gradprobe = gradprobe.__main__:main",
        "builtin = gradprobe_checks:CHECKS",
        "builtin = gradprobe_reports:REPORTS",
        "[pytest11]\ngradprobe = gradprobe.testing.entry",
    ):
        assert line in declared


@in_checkout
@pytest.mark.slow
def test_sdist_can_be_built_tested_and_read(distributions: Path) -> None:
    (path,) = distributions.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    expected = {"pyproject.toml", "README.md", "LICENSE", "CHANGELOG.md", "constraints.txt", "tests/conftest.py"}
    assert expected <= names


@pytest.mark.parametrize("group", ["gradprobe.checks", "gradprobe.reports"])
def test_built_in_units_are_found_by_entry_point(group: str) -> None:
    assert "builtin" in {point.name for point in entry_points(group=group)}


def modules_after(code: str, folder: Path) -> set[str]:
    """Run code in a fresh interpreter; return the heavy libraries it imported."""
    report = f"import json, sys; print(); print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]))"
    command = [sys.executable, "-c", f"{code}\n{report}"]
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stderr
    return set(json.loads(result.stdout.splitlines()[-1]))


def test_importing_gradprobe_imports_nothing_heavy(tmp_path: Path) -> None:
    assert modules_after("import gradprobe", tmp_path) == set()


@pytest.mark.parametrize("arguments", [["--help"], ["run", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str], tmp_path: Path) -> None:
    code = f"""
import contextlib, sys
from gradprobe.__main__ import main
sys.argv = ["gradprobe", *{arguments!r}]
with contextlib.suppress(SystemExit):
    sys.exit(main())
"""
    assert modules_after(code, tmp_path) == set()


@in_checkout
def test_folders_of_tests_mirror_the_source() -> None:
    """`tests/gradprobe/record/` for `gradprobe/record/`, `tests/reports/page/` for `reports/gradprobe_reports/page/`."""
    homes = {Path(root).parts[0]: CHECKOUT / root for root in SOURCE_ROOTS}
    folders = {file.parent.relative_to(CHECKOUT / "tests") for file in (CHECKOUT / "tests").rglob("test_*.py")}
    strangers = [
        folder.as_posix()
        for folder in folders
        if folder.parts and not (homes.get(folder.parts[0], CHECKOUT) / Path(*folder.parts[1:])).is_dir()
    ]
    assert strangers == []


@in_checkout
def test_changelog_opens_with_unreleased() -> None:
    headings = re.findall(r"^## (.*)$", (CHECKOUT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings[0] == "[Unreleased]"


@in_checkout
@pytest.mark.parametrize("device", ["cpu", "cuda"])
def test_performance_page_has_the_places_where_the_benchmark_writes(device: str) -> None:
    page = (CHECKOUT / "docs" / "performance.md").read_text(encoding="utf-8")
    assert page.count(f"<!-- measured: {device} -->") == page.count(f"<!-- end: {device} -->") == 1


@in_checkout
def test_what_the_page_of_integrations_points_at_is_there() -> None:
    """Every row is borne out by a test or a program: those that it names exist."""
    page = (CHECKOUT / "docs" / "integrations.md").read_text(encoding="utf-8")
    files = set(re.findall(r"`((?:tests|benchmarks)/[\w/]+\.py)", page))
    programs = set(re.findall(r"\b((?:ok|bad)_\w+[a-z0-9])(?:\.py)?`", page))
    assert (len(files) > 15, len(programs) > 60) == (True, True)
    assert [name for name in files if not (CHECKOUT / name).is_file()] == []
    assert programs - {path.stem for path in (CHECKOUT / "tests" / "programs").rglob("*.py")} == set()

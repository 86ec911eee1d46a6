"""The form of a check: its page, its names, its registration."""

import re
import subprocess
import sys

import pytest

from gradprobe_checks import CHECKS

HEADINGS = ["What it does", "Why is this bad", "Example", "Fix", "Known problems", "Options", "References"]


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.name)
class TestPage:
    def test_begins_with_name_and_code(self, check):
        assert check.page.splitlines()[0] == f"{check.name} ({check.code})."

    def test_has_the_fixed_headings_in_their_order(self, check):
        assert re.findall(r"^## (.*)$", check.page, re.MULTILINE) == HEADINGS

    def test_has_something_to_say_under_each(self, check):
        sections = re.split(r"^## .*$", check.page, flags=re.MULTILINE)[1:]
        assert all(section.strip() for section in sections)

    def test_shows_code(self, check):
        assert "```python\n" in check.page.split("## Example")[1].split("## Fix")[0]

    def test_names_it_as_the_project_does(self, check):
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", check.name)
        assert re.fullmatch(r"GP\d{3}", check.code)


def test_names_and_codes_are_unique():
    assert len({check.name for check in CHECKS}) == len({check.code for check in CHECKS}) == len(CHECKS)


def test_checks_are_listed_by_code():
    assert [check.code for check in CHECKS] == sorted(check.code for check in CHECKS)


def test_loads_neither_torch_nor_a_report_nor_the_recorder():
    code = "import sys, gradprobe_checks; print(*sorted(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert not {"torch", "rich", "gradprobe_reports", "gradprobe.recorder"} & set(loaded)

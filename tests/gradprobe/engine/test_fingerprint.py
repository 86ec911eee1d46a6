"""A finding is the same wherever its line has moved to, and another where the line, the function or the check is."""

from dataclasses import replace

import pytest

from gradprobe.engine.fingerprint import fingerprint
from gradprobe.values import Site
from tests.support.findings import finding

HERE = finding(location=Site("/home/me/src/train.py", 12, "Model.forward", "x = x.detach()"))


@pytest.mark.parametrize(
    "site",
    [
        replace(HERE.location, line=99),
        replace(HERE.location, file="/builds/42/src/train.py"),
        replace(HERE.location, file="C:\\work\\src\\train.py"),
        replace(HERE.location, code="x  =  x.detach() "),
    ],
    ids=["another line", "another checkout", "Windows", "other blanks"],
)
def test_same(site):
    assert fingerprint(replace(HERE, location=site)) == fingerprint(HERE)


@pytest.mark.parametrize(
    "other",
    [
        replace(HERE, code="GP102"),
        replace(HERE, location=replace(HERE.location, function="Model.loss")),
        replace(HERE, location=replace(HERE.location, code="y = y.detach()")),
        replace(HERE, location=replace(HERE.location, file="/home/me/src/model.py")),
        replace(HERE, location=None),
    ],
    ids=["check", "function", "line's text", "file", "no line"],
)
def test_different(other):
    assert fingerprint(other) != fingerprint(HERE)


def test_severity_title_and_steps_do_not_count():
    assert fingerprint(replace(HERE, title="other", first_step=7, evidence={"a": 1})) == fingerprint(HERE)


def test_without_a_line_it_is_known_by_its_modules_in_any_order():
    one = replace(HERE, location=None, modules=("a", "b"))
    assert fingerprint(one) == fingerprint(replace(one, modules=("b", "a")))
    assert fingerprint(one) != fingerprint(replace(one, modules=("a",)))


def test_names_that_no_encoding_has():
    odd = replace(HERE, location=Site("a\udcff.py", 1, "f\0g", "x"))
    assert len(fingerprint(odd)) == 32 and set(fingerprint(odd)) <= set("0123456789abcdef")

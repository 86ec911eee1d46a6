"""A report without source code: no site in it has a line of it."""

from dataclasses import fields, is_dataclass

from gradprobe.engine.source import without_source
from gradprobe.values import Site
from tests.reports.page.examples import PAGE


def sites_in(value):
    if isinstance(value, Site):
        yield value
    elif isinstance(value, tuple):
        for one in value:
            yield from sites_in(one)
    elif is_dataclass(value):
        for one in fields(value):
            yield from sites_in(getattr(value, one.name))


def test_no_site_keeps_its_code_and_all_keep_their_place():
    before, after = list(sites_in(PAGE)), list(sites_in(without_source(PAGE)))
    assert [(one.file, one.line, one.function) for one in after] == [
        (one.file, one.line, one.function) for one in before
    ]
    assert len(before) >= 10
    assert all(one.code for one in before)
    assert not any(one.code for one in after)


def test_nothing_else_is_changed():
    stripped = without_source(PAGE)
    assert (stripped.run, stripped.flags, stripped.modules, stripped.metrics) == (
        PAGE.run,
        PAGE.flags,
        PAGE.modules,
        PAGE.metrics,
    )
    assert [one.message for one in stripped.findings] == [one.message for one in PAGE.findings]

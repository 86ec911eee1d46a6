"""Markdown: what GitHub's own parser makes of it, whatever names and source lines hold; never over GitHub's limit."""

import io
from dataclasses import replace

import pytest
from hypothesis import example, given, settings

from gradprobe.text.safe import safe
from gradprobe.values import Colour, Flag, MetricTrend, RelatedSite, Site, Trend, Verdict
from gradprobe_reports import markdown
from gradprobe_reports.markdown.escape import code, fenced, prose, table
from gradprobe_reports.markdown.whole import LIMIT, whole
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED, module
from tests.reports.full import TITLE, full_report, in_project
from tests.reports.golden import DOCUMENTS, check_golden
from tests.reports.strategies import reports, texts
from tests.support.github_markdown import rendered

OURS = {
    *("h2", "h3", "p", "strong", "code", "pre", "br", "ul", "li", "span", "details", "summary"),
    *("table", "thead", "tbody", "tr", "th", "td"),
}
"""Elements that the report is made of; a link, a picture or a rule among them would come from a stranger's text."""


@pytest.fixture(autouse=True)
def project(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def written(report):
    file = io.StringIO()
    markdown.write(report, file)
    return file.getvalue()


def hold_to_the_form(report):
    text = written(report)
    assert len(text) <= LIMIT
    seen = rendered(text)
    assert set(seen.tags) <= OURS
    assert {name for name, _ in seen.attributes} <= {"lang"}
    assert seen.found == []
    assert seen.tags.count("h2") == 1 and seen.tags[0] == "h2"
    return seen


@pytest.mark.parametrize("report", [RED, HEALTHY, EMPTY, HOSTILE], ids=["red", "healthy", "empty", "hostile"])
def test_examples_hold_to_the_form(report):
    hold_to_the_form(report)


def test_the_full_report_holds_to_the_form_and_shows_names_as_they_are(project):
    seen = hold_to_the_form(full_report(project))

    # As title, message, fix, advice against, expected and observed by a flag, and what was not seen.
    assert seen.visible.count(TITLE) == 7


@settings(max_examples=100, deadline=None)
@given(reports)
def test_any_report_holds_to_the_form(report):
    hold_to_the_form(report)


@settings(max_examples=300, deadline=None)
@given(texts)
@example("0 #")  # The end of a heading.
@example("0@.A")  # An address, to the parser.
def test_any_text_stays_what_it_is(text):
    shown = " ".join(safe(text).split())
    for around, tags in (
        ("{}", {"p", "span", "code"}),
        ("- {}", {"ul", "li", "span", "code"}),
        ("## {}", {"h2", "span", "code"}),
        ("first\n\n{}\n\nlast", {"p", "span", "code"}),
    ):
        seen = rendered(around.format(prose(text)))
        assert set(seen.tags) <= tags
        assert seen.visible == " ".join(around.strip("-# ").format(shown).split())
        assert seen.found == []


@settings(max_examples=300, deadline=None)
@given(texts)
@example(" 0@.A")
@example("a\\|b")
def test_any_text_stays_in_its_cell(text):
    seen = rendered(table(["a", "b"], [[prose(text), code(text)], ["x", "y"]]))

    assert seen.tags.count("td") == 4 and seen.tags.count("tr") == 3
    assert set(seen.tags) <= {"table", "thead", "tbody", "tr", "th", "td", "span", "code"}
    assert seen.visible == " ".join(f"a b {safe(text)} {safe(text)} x y".split())


@settings(max_examples=300, deadline=None)
@given(texts)
def test_any_text_stays_code(text):
    seen = rendered(f"x {code(text)} y")
    assert set(seen.tags) <= {"p", "code"} and seen.visible == " ".join(f"x {safe(text)} y".split())

    block = rendered(f"{fenced([safe(text)], 'text')}\n\nafter")
    assert block.tags == ["pre", "code", "p"]
    assert block.text.splitlines()[0] == safe(text) and block.text.splitlines()[-1] == "after"


@pytest.mark.parametrize(
    "text",
    [
        *("1. one", "12) twelve", "- list", "+ list", "* list", "# heading", "= =", "---", "===", "***", "___", ":-:"),
        *("> quote", "    code", "```", "~~~", "[a]: http://b", "[^1]: note", "| a | b |", "- [ ] task", "a__b__ _c_"),
        *(
            "~~gone~~",
            "&amp; &#64;x",
            "0@.A",
            "## heading ##",
            "<!-- hidden -->",
            "<details>",
            "![i](x)",
            "me@example.org",
            "mailto:a@b.org",
        ),
        *("WWW.example.org", "gh-12", "o/r#12", ":+1: x[:100:]", "$a$ $$b$$", "https://github.com/o/r/issues/1", "\\|"),
    ],
)
def test_signs_of_markdown_and_of_github_stay_text(text):
    seen = rendered(f"{prose(text)}\n\n- {prose(text)}")

    assert set(seen.tags) <= {"p", "ul", "li", "span"} and seen.found == []
    assert seen.visible == " ".join(f"{text} {text}".split())


def test_a_decorator_in_advice_is_code_that_can_be_copied():
    assert prose("remove @torch.no_grad() here") == "remove `@torch.no_grad()` here"
    assert prose("remove @torch.no_grad(); or @a.b.") == "remove `@torch.no_grad()`; or `@a.b`."
    assert prose("@property") == "`@property`"
    assert rendered(prose("mail me@example.org, (@name)")).text.strip() == "mail me@\u200bexample.org, (@\u200bname)"


def test_golden(project):
    check_golden("full.md", in_project(written(full_report(project)), project), DOCUMENTS)


def test_golden_of_a_healthy_run():
    check_golden("healthy.md", written(HEALTHY), DOCUMENTS)


@pytest.mark.parametrize(
    ("report", "head"),
    [
        (RED, "## 🔴 RED after 100 steps of train.py: "),
        (replace(RED, verdict=Verdict.WARNING), "## 🟡 WARNING after"),
        (HEALTHY, "## 🟢 HEALTHY after"),
        (replace(EMPTY, verdict=Verdict.HEALTHY), "## ⚪ NOTHING RED after"),
    ],
)
def test_the_verdict_is_the_first_line(report, head):
    assert written(report).startswith(head)


def test_a_finding_shows_its_line_in_its_source_with_a_fence_that_holds(project):
    text = written(full_report(project))

    source = "  4 | class Refiner(torch.nn.Module):\n> 5 |     @torch.no_grad()\n"
    source += '  6 |     def refine(self, prompt):\n  7 |         text = "```"\n'
    assert (
        f"**`models/refine r.py:5`** in `Refiner.refine`: `cut-here` GP901, certain, since step 0\n\n````text\n{source}````"
        in text
    )


def test_the_other_ends_the_fix_and_what_not_to_do_are_a_list(project):
    text = written(full_report(project))

    assert "\n- **Fix:** look for no_grad, detach()" in text
    assert "\n- **Not:** a higher learning rate for qwen: its gradient is absent, not small\n" in text
    assert "\n- **See:** backward `train.py:1` `loss.backward()`\n" in text
    assert "\n- **In:** qwen, agent.head\n" in text


def test_flags_are_words_with_what_is_broken_first():
    rows = [
        line.split(" | ")[1] for line in written(RED).splitlines() if line.startswith("| `") and line.count("|") == 5
    ]

    assert rows[:5] == ["🔴 RED", "🟡 AMBER", "⚪ grey", "🟢 green", "🟢 green"]


def test_what_is_allowed_and_what_was_not_seen_is_said(project):
    text = written(full_report(project))

    assert "- `cut-here` at `models/refine r.py:8`, by a comment at refine.py:8 (meant)\n" in text
    assert "- `frozen-part`, by \\[expect\\] frozen of the policy mine\n" in text
    assert "- What comes after step 100.\n" in text


def test_the_table_of_modules_is_folded_away_with_a_heading():
    seen = rendered(written(RED))

    assert seen.tags.count("details") == seen.tags.count("summary") == 2
    assert "Gradient norms of 10 modules" in seen.text


@pytest.mark.parametrize("sign", ["x", "|", "$", "`", "@1", "日", "e\u0301", "\U0001f600"])
def test_it_is_never_longer_than_github_takes(sign):
    long = sign * 20_000
    site = Site(f"/{long}", 3, long, long)
    finding = replace(
        MISSING,
        check=long,
        title=long,
        message=f"{long}\n" * 100,
        fix=long,
        not_this=long,
        location=site,
        related=(RelatedSite(site, long),) * 100,
        modules=(long,) * 100,
    )
    report = replace(
        HOSTILE,
        findings=(finding,) * 300,
        flags=(Flag(long, Colour.RED, long, long),) * 300,
        modules=tuple(replace(module(f"{number}{long}"), depth=0) for number in range(300)),
        metrics=(MetricTrend(long, 1.0, 2.0, Trend.UP),) * 300,
        not_seen=(long,) * 300,
    )
    text = whole(report)

    assert len(text) <= LIMIT
    assert "### 1. WARNING: " in text
    # What has no room is counted.
    parts = {"list of findings": "### Also", "table of flags": "### Flags", "list of what was not seen": "### Not seen"}
    left = text.rpartition("Left out, because GitHub takes no longer comment: ")[2] if "\nLeft out" in text else ""
    assert {noun for noun in parts if noun in left} == {noun for noun, part in parts.items() if part not in text}
    assert set(rendered(text).tags) <= OURS


def test_what_has_no_room_is_counted():
    text = whole(replace(RED, findings=(MISSING,) * 60, metrics=RED.metrics * 30))

    assert text.count("\n### ") - text.count("\n### Also") - text.count("\n### Flags") - text.count("\n### Not") == 10
    assert "- and 10 more findings\n" in text
    assert "20 more metrics not shown." in text


def test_an_ascii_file_gets_ascii():
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding="ascii")
    markdown.write(HOSTILE, file)
    file.flush()

    assert b"RED after 100 steps" in raw.getvalue()

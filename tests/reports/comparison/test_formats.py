"""Every format of a comparison: golden, safe whatever the names, and chosen by the same suffix as the report's."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import jsonschema
import pytest

from gradprobe.extensions import load_formats
from gradprobe.text.safe import cells
from gradprobe_reports import comparison as formats
from gradprobe_reports import json_report
from gradprobe_reports.comparison.document import document, schema
from gradprobe_reports.comparison.markdown import LIMIT
from tests.reports.comparison.examples import ALL, BAD, CHANGES, NORMS, REGRESSED
from tests.reports.golden import check_golden

WRITERS = {
    "txt": formats.write_terminal,
    "json": formats.write_json,
    "md": formats.write_markdown,
    "html": formats.write_html,
}


@pytest.fixture(autouse=True)
def width(monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
        monkeypatch.delenv(name, raising=False)


def written(compared, suffix, encoding="utf-8"):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, newline="")
    WRITERS[suffix](compared, file)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize("name", ["regressed", "same", "crashed"])
def test_golden(name, suffix):
    # The style is that of the report's page, which may change without this one.
    text = re.sub("<style>.*</style>", "<style></style>", written(ALL[name], suffix), flags=re.DOTALL)
    check_golden(f"comparison-{name}.{suffix}", text)


@pytest.mark.parametrize("name", ALL)
def test_json_is_valid_and_holds_everything(name):
    read = json.loads(written(ALL[name], "json"), parse_constant=pytest.fail)
    jsonschema.Draft202012Validator(schema()).validate(read)
    assert len(read["changes"]) == len(ALL[name].changes)
    assert read == document(ALL[name])


def test_schema_shares_its_parts_with_that_of_the_report():
    jsonschema.Draft202012Validator.check_schema(schema())
    report, ours = json_report.schema()["$defs"], schema()["$defs"]
    shared = set(report) & set(ours)
    assert {"run", "flag", "finding", "site", "number"} <= shared
    assert {name: ours[name] for name in shared} == {name: report[name] for name in shared}


@pytest.mark.parametrize("suffix", ["txt", "md", "html"])
@pytest.mark.parametrize("name", ALL)
def test_nothing_moves_a_cursor_or_reorders_a_line(name, suffix):
    text = written(ALL[name], suffix)
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069]", text)


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
@pytest.mark.parametrize("name", ALL)
def test_terminal_fits_any_width(name, columns, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(columns))
    assert max(map(cells, written(ALL[name], "txt").split("\n"))) <= columns


@pytest.mark.parametrize("suffix", ["txt", "md"])
def test_ascii_is_enough(suffix):
    assert "REGRESSED" in written(REGRESSED, suffix, "ascii")


class Tags(HTMLParser):
    """Collects the tags of a page and what stands in it as text."""

    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def parsed(name):
    tags = Tags()
    tags.feed(written(ALL[name], "html"))
    return tags


def test_hostile_names_stay_text_in_the_page():
    page = parsed("hostile")
    assert {tag for tag, _ in page.tags} <= {tag for tag, _ in parsed("regressed").tags}
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    assert "<img src=x onerror=alert(1)>" in "".join(page.text)


@pytest.mark.parametrize("name", ALL)
def test_page_needs_nothing_but_itself(name):
    page = parsed(name)
    assert not {"script", "link", "iframe", "img", "object"} & {tag for tag, _ in page.tags}
    assert not any(set(attributes) & {"src", "href", "style"} for _, attributes in page.tags)
    assert "url(" not in written(ALL[name], "html") and "@import" not in written(ALL[name], "html")


def test_markdown_stays_below_what_github_takes():
    many = replace(REGRESSED, changes=tuple(replace(CHANGES[1], text=BAD * 20) for _ in range(500)), norms=NORMS * 200)
    text = written(many, "md")
    assert len(text) <= LIMIT
    assert "480 more regressions" in text


def test_terminal_says_how_many_it_does_not_show():
    many = replace(REGRESSED, changes=(CHANGES[1],) * 30)
    assert "18 more regressions: see --report compare.json" in written(many, "txt")


def test_what_follows_stands_under_the_finding():
    for suffix in ("txt", "md", "html"):
        text = written(REGRESSED, suffix)
        assert text.index("ends here") < text.index("The gradient of encoder is gone") < text.index("120 times larger")


@pytest.mark.parametrize("name", ["terminal", "json", "markdown", "html"])
def test_formats_of_reports_write_comparisons_too(name):
    (unit,) = [one for one in load_formats() if one.name == name]
    file = io.StringIO()
    unit.write_comparison(REGRESSED, file)
    assert "severed-gradient" in file.getvalue()

"""The page as a text: complete, self-contained, small enough, and nobody's text is markup in it."""

import io
import json
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings

from gradprobe.engine.source import without_source
from gradprobe.values import ModuleState, Site
from gradprobe_reports import page
from tests.reports.examples import EMPTY, HEALTHY, HOSTILE, MISSING, RED, module
from tests.reports.page.examples import PAGE, poisoned, poisoned_report, series
from tests.reports.test_json_report import reports

MOST = 8_000_000


def written(report):
    file = io.StringIO()
    page.write(report, file)
    return file.getvalue()


class Elements(HTMLParser):
    """The elements of a page, their attributes, and the text of those that are not scripts or styles."""

    def __init__(self, text):
        super().__init__()
        self.found, self.texts, self._within = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        self._within.append(tag)

    def handle_endtag(self, tag):
        while self._within and self._within.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"script", "style"} & set(self._within):
            self.texts.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.texts).split())


def own_markup(text):
    """The elements of a page without what it was given: their names and the names of their attributes."""
    return [(tag, sorted(attributes)) for tag, attributes in Elements(text).found]


@pytest.mark.parametrize(
    "report", [RED, HEALTHY, EMPTY, HOSTILE, PAGE], ids=["red", "healthy", "empty", "hostile", "page"]
)
def test_every_report_has_a_page(report):
    text = written(report)
    assert text.startswith("<!doctype html>")
    text.encode()
    assert len(text) < MOST


def test_what_matters_comes_first_and_all_is_there():
    text = Elements(written(PAGE)).text
    places = [
        text.index(words)
        for words in (
            "RED after 100 steps of train.py",
            "the gradient of qwen ends here",
            "/home/me/policy.py:144",
            "remove the decorator",
            "severed-gradient GP101, certain, since step 0",
            "a higher learning rate for qwen",
            "1e-06 to 1e-04, not absent or zero",
            "From each loss back to the parameters",
            "Gradient norms as a table",
            "Losses and metrics as a table",
            "Learning rates as a table",
            "Update ratios as a table",
            "no step was followed in depth",
            "2.13.0",
        )
    ]
    assert places == sorted(places)


def test_the_way_names_what_is_behind_each_end_and_links_its_finding():
    text = written(PAGE)
    figure = text[text.index('<figure class="way">') : text.index("</figure>")]
    shown = Elements(figure).text
    assert "qwen 28 parameters without a gradient" in shown
    assert "HumanRLAugmentor.apply() /home/me/policy.py:144 @torch.no_grad() gradients are off here: finding 1" in shown
    assert "detached; allowed" in shown
    assert figure.count('<a href="#finding-1">') == 1


def test_an_end_that_nobody_complains_of_is_said_to_be_no_finding():
    text = Elements(written(replace(PAGE, allowed=()))).text
    assert "detached; not a finding" in text


def test_an_allowed_end_is_said_to_be_allowed():
    allowed = replace(PAGE.allowed[0], location=PAGE.ways[0].barriers[0].site)
    text = Elements(written(replace(PAGE, findings=(), allowed=(allowed,)))).text
    assert "gradients are off here; allowed" in text


def test_source_is_shown_around_the_line_and_left_out_on_request(tmp_path):
    file = tmp_path / "train.py"
    file.write_text("first = 1\nsecond = 2\nthird = first.detach()\nfourth = 4\n")
    finding = replace(PAGE.findings[0], location=Site(str(file), 3, "main", "third = first.detach()"), related=())
    report = replace(PAGE, findings=(finding,), ways=(), allowed=())
    shown = Elements(written(report)).text
    assert "2 second = 2 3 third = first.detach() 4 fourth = 4" in shown
    left_out = written(without_source(report))
    assert "second = 2" not in left_out
    assert "third = first" not in left_out
    assert f"{file}:3" in left_out


def test_nothing_is_loaded_from_anywhere():
    for tag, attributes in Elements(written(PAGE)).found:
        for name in ("src", "href", "srcset", "action", "data", "poster"):
            value = attributes.get(name, "")
            assert not value or value.startswith("#") or (tag, value) == ("link", "data:,"), (tag, name, value)


def test_nobodys_text_is_markup():
    """The page of a report full of markup has the elements, and their attributes, of the page with harmless words."""
    harmless = re.compile(r"[^\w#]")

    def tamed(value):
        return harmless.sub("x", value)

    plain = poisoned(PAGE, iter(tamed(f"word{number}") for number in range(100_000)))
    nasty = poisoned_report()
    nasty = replace(nasty, flags=nasty.flags[:-1])
    names = [row.name for row in plain.modules]
    metrics = [one.name for one in plain.metrics]
    plain = replace(
        plain,
        series=replace(
            plain.series,
            norms=tuple(replace(one, name=name) for one, name in zip(plain.series.norms, names, strict=True)),
            metrics=tuple(replace(one, name=name) for one, name in zip(plain.series.metrics, metrics, strict=True)),
        ),
    )
    assert own_markup(written(nasty)) == own_markup(written(plain))


def test_numbers_cannot_end_their_element():
    text = written(poisoned_report())
    data = text[text.index('id="drawing">') + len('id="drawing">') :]
    data = data[: data.index("</script>")]
    assert not set("<>&") & set(data)
    assert any("</script>" in one["name"] for one in json.loads(data)["modules"])


def test_a_long_run_of_a_large_model_is_small_enough():
    """500 modules over 240 buckets of steps: what a record of 100,000 steps is thinned to."""
    rows = [module("model", elements=10**9)]
    rows += [module(f"model.blocks.{block}.layer_{part}") for block in range(50) for part in range(10)][:499]
    text = written(replace(PAGE, modules=tuple(rows), series=series(rows, 240, width=417)))
    assert len(text.encode()) < MOST


def test_more_modules_than_a_browser_can_show_are_counted():
    rows = [module("model"), *(module(f"model.{number}") for number in range(4000))]
    text = written(replace(PAGE, modules=tuple(rows), series=series(rows, 60), ways=()))
    assert len(text.encode()) < MOST
    shown = Elements(text).text
    assert "4,000 deeper modules not shown" in shown
    assert "1,501 deeper modules not drawn" in shown


def test_modules_nested_deeper_than_a_template_can_call_itself_are_counted():
    rows = [module(".".join(["model"] * depth)) for depth in range(1, 1001)]
    text = written(replace(PAGE, modules=tuple(rows), series=series(rows, 60), ways=()))
    assert "939 deeper modules not shown" in Elements(text).text  # 1,000 less the root and 60 levels.


def test_a_finding_that_is_not_shown_is_named_and_not_linked():
    others = tuple(replace(MISSING, modules=("spare",)) for _ in range(100))
    text = written(replace(PAGE, findings=(*others, PAGE.findings[0])))
    ids = {attributes["id"] for _, attributes in Elements(text).found if "id" in attributes}
    links = {attributes["href"] for tag, attributes in Elements(text).found if tag == "a"}
    assert {link.removeprefix("#") for link in links} <= ids
    assert "gradients are off here: finding 101" in Elements(text).text


def test_a_run_without_a_step_has_no_charts():
    text = written(EMPTY)
    assert "chart-lines" not in Elements(text).text
    assert 'class="chart"' not in text


def test_a_loss_that_is_nothing_but_nan_is_drawn():
    losses = np.full(100, np.nan)
    broken = replace(
        PAGE.series.metrics[0], values=losses, lowest=losses, highest=losses, non_finite=np.ones(100, bool)
    )
    text = written(replace(PAGE, series=replace(PAGE.series, metrics=(broken,))))
    assert json.loads(text.split('id="drawing">')[1].split("</script>")[0])["metrics"]["names"] == ["loss"]


def test_states_are_counted_and_trouble_is_unfolded():
    text = written(replace(PAGE, modules=tuple(replace(row, state=ModuleState.FLOWS) for row in PAGE.modules)))
    assert "state-severed" not in Elements(text).text
    assert Elements(written(PAGE)).text.count("ends at /home/me/policy.py:144") == 1


@settings(max_examples=40, deadline=None)
@given(reports)
def test_any_report_has_a_page(report):
    text = written(report)
    text.encode()
    assert Elements(text).found[0][0] == "html"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
def test_a_page_can_be_written_to_a_stream_of_any_encoding(encoding):
    """What a stream cannot hold becomes a reference; the scripts, whose digests the policy has, are ASCII anyway."""
    report = replace(PAGE, findings=(replace(PAGE.findings[0], title="层 ends here ✕"),))
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    page.write(report, file)
    file.flush()
    written_page = file.buffer.getvalue().decode(encoding)
    assert "层 ends here ✕" in Elements(written_page).text
    scripts = [part.split("</script>")[0] for part in written_page.split("<script")[1:]]
    assert all(script.isascii() for script in scripts)

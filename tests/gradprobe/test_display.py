"""A report in a notebook: a frame of its own, without scripts."""

import re

import pytest

from gradprobe.display import as_frame
from tests.reports.examples import EMPTY
from tests.reports.page.examples import PAGE, poisoned_report
from tests.support.browser import launched


def test_a_report_shows_itself():
    html = PAGE._repr_html_()
    assert html == as_frame(PAGE)
    assert html.startswith("<iframe ")
    assert html.endswith("</iframe>")
    assert len(html) < 200_000  # No charts: it is kept in the notebook's file.
    assert as_frame(EMPTY).startswith("<iframe ")


def test_nobodys_text_leaves_the_attribute():
    (document,) = re.findall(r'srcdoc="([^"]*)"></iframe>$', as_frame(poisoned_report()))
    assert not set("<>") & set(document)


@pytest.mark.slow
def test_the_frame_shows_the_report_in_a_browser(tmp_path):
    path = tmp_path / "notebook.html"
    path.write_text(f"<!doctype html><title>notebook</title><body>{as_frame(PAGE)}", encoding="utf-8")
    with launched() as browser:
        page = browser.new_page()
        page.goto(path.as_uri())
        frame = page.frame_locator("iframe")
        frame.get_by_text("the gradient of qwen ends here").first.wait_for()
        assert "severed" in frame.locator("main").inner_text()
        assert frame.locator(".filters:visible").count() == 0  # They need scripts.
        frame.get_by_role(
            "link", name="The run"
        ).click()  # A link of the report leads within it, not to the notebook's page.
        page.wait_for_timeout(500)
        assert "severed" in frame.locator("main").inner_text()
        assert page.evaluate("scrollY") == 0
        place = frame.locator("#run-title").bounding_box()
        assert place is not None
        assert place["y"] < page.viewport_size["height"]

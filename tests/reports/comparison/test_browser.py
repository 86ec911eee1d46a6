"""The page of a comparison in a real browser: it opens without complaint, fits a phone, and can be read by everybody."""

import pytest

from gradprobe_reports.comparison import write_html
from tests.reports.comparison.examples import ALL
from tests.support.browser import launched, opened

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("comparison")
    for name, compared in ALL.items():
        with (folder / f"{name}.html").open("w", encoding="utf-8") as file:
            write_html(compared, file)
    return folder


@pytest.mark.parametrize("name", ALL)
def test_opens_without_complaint_and_asks_nobody(browser, files, name):
    with opened(browser, files / f"{name}.html", charts=False) as one:
        assert one.complaints == []
        assert one.requests == [(files / f"{name}.html").as_uri()]
        assert one.page.locator("h1").count() == 1
        assert one.page.evaluate("document.scripts.length") == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["regressed", "same"])
def test_axe_finds_nothing(browser, files, name, scheme):
    from axe_playwright_python.sync_playwright import Axe

    with opened(browser, files / f"{name}.html", scheme=scheme, charts=False) as one:
        found = Axe().run(one.page).response["violations"]
        assert [(broken["id"], broken["impact"]) for broken in found] == []


@pytest.mark.parametrize("name", ["regressed", "crashed"])
def test_fits_a_phone(browser, files, name):
    with opened(browser, files / f"{name}.html", width=390, charts=False) as one:
        assert one.page.evaluate("document.documentElement.scrollWidth") <= 390

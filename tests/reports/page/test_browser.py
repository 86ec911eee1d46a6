"""The page in a real browser: it opens without complaints, answers, can be read by everybody, and runs nobody's script."""

from dataclasses import replace

import pytest

from tests.reports.page.examples import PAGE, poisoned_report
from tests.reports.page.test_page import written
from tests.support.browser import launched, opened

pytestmark = pytest.mark.slow
GRAVE = {"serious", "critical"}


@pytest.fixture(scope="module")
def browser():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "health.html"
    path.write_text(written(PAGE), encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def drawn(browser, file):
    """The page with all charts drawn, which takes a while: tests share it, and put back what they change."""
    with opened(browser, file) as one:
        see_all(one.page)
        yield one


def see_all(page):
    """Scroll through the page, so that every chart comes into view and is drawn."""
    height = page.evaluate("document.documentElement.scrollHeight")
    for y in range(0, height, 500):
        page.evaluate(f"window.scrollTo(0, {y})")
        page.wait_for_timeout(60)
    page.wait_for_function("[...document.querySelectorAll('.chart')].every(chart => chart.querySelector('.main-svg'))")


def test_it_opens_without_complaint_and_asks_nobody_for_anything(drawn, file):
    assert drawn.complaints == []
    assert {url for url in drawn.requests if not url.startswith(("data:", "blob:"))} == {file.resolve().as_uri()}
    # Lines, map of norms, two metrics, learning rates, update ratios.
    assert drawn.page.locator(".chart .main-svg").count() >= 6


def grave(page):
    """What axe-core calls serious or critical in a page with everything unfolded."""
    from axe_playwright_python.sync_playwright import Axe

    page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
    found = Axe().run(page).response["violations"]
    return [
        (broken["id"], [node["html"][:160] for node in broken["nodes"]])
        for broken in found
        if broken["impact"] in GRAVE
    ]


def test_axe_finds_nothing_serious(browser, file):
    with opened(browser, file) as one:
        see_all(one.page)
        assert grave(one.page) == []
        one.page.get_by_role("button", name="Dark").click()
        assert grave(one.page) == []


def test_it_fits_a_phone(browser, file):
    with opened(browser, file, width=390, height=844) as one:
        see_all(one.page)
        assert one.page.evaluate("document.documentElement.scrollWidth") == 390
        assert grave(one.page) == []


def test_the_line_to_edit_is_on_the_first_screen_of_a_phone(browser, file):
    with opened(browser, file, width=390, height=844) as one:
        box = one.page.get_by_text("/home/me/policy.py:144").first.bounding_box()
        assert box["y"] + box["height"] < 844


def test_findings_are_filtered(browser, file):
    with opened(browser, file) as one:
        page = one.page
        findings = page.locator(".finding:visible")
        assert findings.count() == 3
        page.get_by_role("checkbox", name="info").uncheck()
        assert findings.count() == 2
        page.get_by_label("Containing").fill("no_grad")
        assert findings.count() == 2  # Both texts speak of it.
        page.get_by_label("Containing").fill("decorator")
        assert findings.count() == 1
        assert page.locator("#finding-count").text_content() == "1 of 3"


def test_modules_are_filtered_with_what_they_are_in_and_unfolded(browser, file):
    with opened(browser, file) as one:
        page = one.page
        shown = page.locator("#tree .module:visible > * > .name, #tree .module:visible > details > summary > .name")
        page.get_by_label("Named").fill("head")
        assert shown.all_text_contents() == ["agent", "head"]
        page.get_by_label("Named").fill("")
        page.locator("#module-filters input[value=severed]").uncheck()
        assert "qwen" not in shown.all_text_contents()
        page.locator("#module-filters input[value=severed]").check()
        page.get_by_role("button", name="Unfold all").click()
        assert page.locator("#tree details:not([open])").count() == 0
        page.get_by_role("button", name="Fold all").click()
        assert page.locator("#tree details[open]").count() == 0


def test_a_link_to_a_finding_leads_there_also_where_it_was_filtered_away(browser, file):
    with opened(browser, file) as one:
        one.page.get_by_role("checkbox", name="error").uncheck()
        assert not one.page.locator("#finding-1").is_visible()
        one.page.locator(".way a[href='#finding-1']").click()
        assert one.page.locator("#finding-1").is_visible()


def test_a_fragment_that_is_no_name_stops_nothing(browser, file):
    with opened(browser, file, charts=False) as one:
        one.page.goto(f"{file.resolve().as_uri()}#100%")
        one.page.reload()
        one.page.wait_for_selector("html[data-charts=ready]", state="attached")
        assert one.complaints == []


def test_charts_zoom_and_take_modules_in_and_out(drawn):
    page = drawn.page
    chart = page.locator("#chart-lines")
    chart.scroll_into_view_if_needed()
    before = page.evaluate("document.getElementById('chart-lines').layout.xaxis.range.slice()")
    box = chart.locator(".nsewdrag").first.bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * 0.3, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.6, middle, steps=8)
    page.mouse.up()
    page.wait_for_timeout(300)
    after = page.evaluate("document.getElementById('chart-lines').layout.xaxis.range.slice()")
    assert after[1] - after[0] == pytest.approx(0.3 * (before[1] - before[0]), rel=0.1)

    traces = "document.getElementById('chart-lines').data.map(trace => trace.name)"
    assert "agent.encoder" not in page.evaluate(traces)
    page.locator("#line-add").select_option(label="agent.encoder")
    assert "agent.encoder" in page.evaluate(traces)
    kept = page.evaluate("document.getElementById('chart-lines').layout.xaxis.range.slice()")
    assert kept == pytest.approx(after)
    page.get_by_role("button", name="Remove agent.encoder from the chart").click()
    assert "agent.encoder" not in page.evaluate(traces)
    page.mouse.dblclick(box["x"] + box["width"] / 2, middle)
    page.wait_for_timeout(500)
    whole = page.evaluate("document.getElementById('chart-lines').layout.xaxis.range.slice()")
    assert whole == pytest.approx(before, abs=1)


def test_what_has_no_gradient_is_marked_and_deep_steps_are(drawn):
    traces = drawn.page.evaluate(
        "document.getElementById('chart-lines').data.map(trace => [trace.name, trace.x.filter(x => x !== null).length])"
    )
    assert ["qwen: no gradient", 100] in traces
    assert ["agent: not finite", 1] in traces
    assert ["deep steps", 4] in traces  # 0 to 2, and 40.
    cells = drawn.page.evaluate("document.getElementById('chart-heat').data.map(trace => trace.name)")
    assert {"no gradient", "not finite"} <= set(cells)


def test_the_map_shows_as_many_levels_as_are_asked_for(drawn):
    rows = "document.getElementById('chart-heat').data[0].z.length"
    assert drawn.page.evaluate(rows) == 11  # All.
    drawn.page.locator("#heat-depth").select_option("0")
    assert drawn.page.evaluate(rows) == 4  # qwen, agent, pooler, spare.
    drawn.page.locator("#heat-depth").select_option("2")


def test_the_theme_can_be_chosen(drawn):
    back = "getComputedStyle(document.body).backgroundColor"
    assert drawn.page.evaluate(back) == "rgb(255, 255, 255)"
    drawn.page.get_by_role("button", name="Dark").click()
    assert drawn.page.evaluate(back) == "rgb(15, 20, 25)"
    assert drawn.page.evaluate("document.getElementById('chart-lines').layout.paper_bgcolor") == "#0f1419"
    drawn.page.get_by_role("button", name="Light").click()
    assert drawn.page.evaluate(back) == "rgb(255, 255, 255)"


def test_the_keyboard_is_enough(browser, file):
    with opened(browser, file) as one:
        page = one.page
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#findings"
        summary = page.locator("#tree summary").first
        folded = summary.locator("xpath=..").get_attribute("open")
        summary.focus()
        page.keyboard.press("Enter")
        assert summary.locator("xpath=..").get_attribute("open") != folded


def test_without_scripts_everything_but_charts_can_be_read(browser, file):
    with opened(browser, file, scripts=False) as one:
        text = one.page.locator("body").inner_text()
        assert "the gradient of qwen ends here" in text
        assert "Charts need JavaScript; the tables below have the numbers." in text
        one.page.get_by_text("Gradient norms as a table").click()
        assert one.page.get_by_role("cell", name="3.10e-03").first.is_visible()
        assert one.page.locator(".filters:visible").count() == 0


def test_strangers_texts_stay_texts(browser, tmp_path):
    path = tmp_path / "hostile.html"
    path.write_text(written(poisoned_report()), encoding="utf-8")
    with opened(browser, path) as one:
        page = one.page
        see_all(page)
        page.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        page.mouse.move(300, 300)
        assert page.evaluate("window.hacked") is None
        assert one.complaints == []
        text = page.locator("main").inner_text()
        assert "</script><script>window.hacked=1</script>" in text
        assert "<img src=x onerror=window.hacked=2>" in text
        assert "{{ 7*7 }}" in text
        assert "\\u202edesrever" in text
        assert page.locator("img").count() == 0


def test_a_name_is_no_template_of_a_chart(browser, tmp_path):
    """Plotly puts values in place of `%{x}` in what it shows where the mouse is."""
    rows = tuple(replace(row, name="%{x}") if row.name == "qwen" else row for row in PAGE.modules)
    path = tmp_path / "health.html"
    path.write_text(written(replace(PAGE, modules=rows)), encoding="utf-8")
    with opened(browser, path) as one:
        see_all(one.page)
        templates = one.page.evaluate(
            "document.getElementById('chart-lines').data.map(trace => [trace.name, trace.hovertemplate])"
        )
        assert any("%{x}" in name for name, _ in templates if name)
        assert not any("%{x}" in template for _, template in templates if template)


def test_a_script_that_got_in_would_not_run(browser, tmp_path):
    """The second lock: were a name to become markup, the browser would still refuse it."""
    text = written(PAGE).replace(
        "<main>", "<main><script>window.hacked=1</script><img src='x' onerror='window.hacked=2'>"
    )
    path = tmp_path / "broken.html"
    path.write_text(text, encoding="utf-8")
    with opened(browser, path) as one:
        assert one.page.evaluate("window.hacked") is None
        assert any("Content Security Policy" in complaint for complaint in one.complaints)

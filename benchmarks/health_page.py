"""How large the page of a long run is, and how fast a browser opens it: 100,000 steps of 500 modules.

python -m benchmarks.health_page
"""

from __future__ import annotations

import shutil
import statistics
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from benchmarks.large_record import BLOCKS, LAYERS, STEPS, write_large_record
from gradprobe.engine.judge import judge
from gradprobe.extensions import load_checks, load_formats
from gradprobe.policy import load_policy
from gradprobe.record.reader import read_record
from gradprobe.record.record import Record

TIMES: Final = 7
BROWSERS: Final = ("chromium", "chromium-browser", "google-chrome")


def main() -> None:
    """Write the record, its page, and print what was measured."""
    with tempfile.TemporaryDirectory() as scratch:
        run, page = Path(scratch) / "run", Path(scratch) / "health.html"
        write_large_record(run)
        record = read_record(run / "rank-0.sqlite")
        seconds = statistics.median(write_page(record, page) for _ in range(TIMES))
        print(f"{STEPS:,} steps of {1 + BLOCKS + LAYERS} modules")
        print(f"page: {page.stat().st_size / 1e6:.1f} MB, judged and written in {seconds:.2f} s (median of {TIMES})")
        opened = list(open_times(page))
        for at, what in enumerate(("first words drawn", "page loaded", "charts ready")):
            values = [one[at] for one in opened]
            print(f"{what}: {statistics.median(values):.2f} s (median of {TIMES}, longest {max(values):.2f} s)")


def write_page(record: Record, path: Path) -> float:
    """Judge a record and write its page; return the seconds that took."""
    html = next(unit for unit in load_formats() if ".html" in unit.suffixes)
    began = time.perf_counter()
    report = judge(record, load_policy("default"), load_checks())
    with path.open("w", encoding="utf-8") as file:
        html.write(report, file)
    return time.perf_counter() - began


def open_times(path: Path) -> Iterator[tuple[float, float, float]]:
    """Open a page in fresh windows; yield seconds to the first words, to the page as a whole, and to its charts."""
    from playwright.sync_api import sync_playwright

    binary = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if binary is None:
        raise SystemExit(
            f"expected a browser, found none of {', '.join(BROWSERS)}; install one: apt-get install chromium"
        )
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        for attempt in range(TIMES + 1):
            context = browser.new_context(viewport={"width": 1280, "height": 900})
            page: Any = context.new_page()
            began = time.perf_counter()
            page.goto(path.as_uri())
            loaded = time.perf_counter() - began
            page.wait_for_selector("html[data-charts=ready]", state="attached")
            ready = time.perf_counter() - began
            paint = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0].startTime") / 1000
            context.close()
            if attempt:  # The first one also waits for the browser itself.
                yield paint, loaded, ready
        browser.close()


if __name__ == "__main__":
    main()

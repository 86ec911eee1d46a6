"""A real browser for the tests of pages: Debian's Chromium, driven by Playwright.

`apt-get install chromium` (Debian, Ubuntu's is a snap) and the extra `test` are all it needs. Where there is none, tests are
skipped and say so; with GRADPROBE_BROWSER=required, as in continuous integration, they fail instead.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")


@dataclass
class Opened:
    """A page in the browser, with what it complained about and what it asked for."""

    page: object
    complaints: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)


@contextlib.contextmanager
def launched() -> Iterator[object]:
    """Start the browser; skip the test where there is none."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        _missing("playwright is not installed: pip install '.[test]'")
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    if path is None:
        _missing(f"none of {', '.join(NAMES)} is installed: apt-get install chromium")
    with sync_playwright() as playwright:
        # Without a sandbox: continuous integration runs as root, and the pages are our own.
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        try:
            yield browser
        finally:
            browser.close()


def _missing(reason: str) -> None:
    if os.environ.get("GRADPROBE_BROWSER") == "required":
        pytest.fail(reason)
    pytest.skip(f"no browser: {reason}")


@contextlib.contextmanager
def opened(
    browser, path: Path, *, width=1280, height=900, scheme="light", scripts=True, charts=True
) -> Iterator[Opened]:
    """Open a file in a fresh context.

    Args:
        browser: What `launched` gave.
        path: The file.
        width: Of the window, in pixels.
        height: Likewise.
        scheme: `light` or `dark`, what the visitor prefers.
        scripts: Whether JavaScript is on.
        charts: Whether to wait until charts can be drawn.
    """
    context = browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=scheme, java_script_enabled=scripts
    )
    try:
        one = Opened(context.new_page())
        one.page.on("console", lambda message: one.complaints.append(f"{message.type}: {message.text}"))
        one.page.on("pageerror", lambda error: one.complaints.append(str(error)))
        one.page.on("request", lambda request: one.requests.append(request.url))
        one.page.goto(path.resolve().as_uri())
        if scripts and charts:
            one.page.wait_for_selector("html[data-charts=ready]", state="attached")
        yield one
    finally:
        context.close()

"""Screenshots of a page, for a person to look at: wide, dark, and on a phone.

python -m tests.support.screenshots health.html FOLDER
"""

from __future__ import annotations

import sys
from pathlib import Path

from tests.support.browser import launched, opened

VIEWS = (("wide", 1280, 900, "light"), ("dark", 1280, 900, "dark"), ("phone", 390, 844, "light"))


def main(page: Path, folder: Path) -> None:
    """Take them."""
    folder.mkdir(exist_ok=True)
    with launched() as browser:
        for name, width, height, scheme in VIEWS:
            with opened(browser, page, width=width, height=height, scheme=scheme, charts=False) as one:
                for y in range(0, one.page.evaluate("document.documentElement.scrollHeight"), 500):
                    one.page.evaluate(f"window.scrollTo(0, {y})")
                    one.page.wait_for_timeout(150)
                one.page.evaluate("window.scrollTo(0, 0)")
                path = folder / f"{page.stem}-{name}.png"
                one.page.screenshot(path=path, full_page=True)
                print(path, *one.complaints)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))

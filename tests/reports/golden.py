"""Screens and documents kept as files in `screens/` and `documents/`: a test compares, a person looks.

To write them anew after a wanted change, run the tests with `GRADPROBE_GOLDEN=write` and read the difference in git:

    GRADPROBE_GOLDEN=write python -m pytest tests/reports tests/gradprobe/live && git diff tests/reports
"""

from __future__ import annotations

import os
from pathlib import Path

SCREENS = Path(__file__).parent / "screens"
DOCUMENTS = Path(__file__).parent / "documents"


def check_golden(name, text, folder=SCREENS):
    """Compare a text with the file of that name; write the file instead where GRADPROBE_GOLDEN=write."""
    path = folder / name
    if os.environ.get("GRADPROBE_GOLDEN") == "write":
        folder.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; see tests/reports/golden.py"

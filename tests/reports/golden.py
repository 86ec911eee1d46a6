"""Screens kept as text files in `screens/`: a test compares, a person looks.

To write them anew after a wanted change, run the tests with `GRADPROBE_GOLDEN=write` and read the difference in git:

    GRADPROBE_GOLDEN=write python -m pytest tests/reports tests/gradprobe/live && git diff tests/reports/screens
"""

from __future__ import annotations

import os
from pathlib import Path

SCREENS = Path(__file__).parent / "screens"


def check_golden(name, text):
    """Compare a text with the file of that name; write the file instead where GRADPROBE_GOLDEN=write."""
    path = SCREENS / name
    if os.environ.get("GRADPROBE_GOLDEN") == "write":
        SCREENS.mkdir(exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8"), f"{path} differs; see tests/reports/golden.py"

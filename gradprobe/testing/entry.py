"""What pytest finds by its entry point, under the name `gradprobe`; `-p no:gradprobe` leaves it out.

From here it is asked for the plugin itself by the name that `-p gradprobe.testing.plugin` and `pytest_plugins` use too, so that
the plugin is there once, however often and wherever it is asked for: pytest refuses a module under two names.

(PYTEST_DONT_REWRITE: there is no assertion here to be rewritten.)
"""

from __future__ import annotations

from typing import Final

pytest_plugins: Final = ("gradprobe.testing.plugin",)

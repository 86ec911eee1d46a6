"""Watching a test as a whole: by its marker, or because every test is watched."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.testing.background import Background
from gradprobe.testing.block import fail_by, nothing_trained
from gradprobe.testing.options import MARKER, options_of_item
from gradprobe.testing.places import recordings
from gradprobe.testing.telling import tell, tell_fault

if TYPE_CHECKING:
    import pytest


class Whole:
    """One test, watched while it is called."""

    def __init__(self, item: pytest.Item) -> None:
        """Begin to watch.

        Args:
            item: The test that is about to be called.

        Raises:
            GradprobeError: If its policy does not validate.
        """
        options = options_of_item(item)
        self._item = item
        is_marked = item.get_closest_marker(MARKER) is not None
        self._background = Background(recordings(item, options.max_batches), options, any_training=is_marked)
        self._background.resume()

    def end(self, error: BaseException | None) -> BaseException | None:
        """End the recording; return the exception by which the test ends now.

        Args:
            error: The exception by which it ended, if one did.
        """
        if self._background.end(error):
            error = None
        for outcome in self._background.outcomes:
            tell(self._item, outcome)
        if self._background.fault:
            tell_fault(self._item, self._background.fault)
        return self._failure() if error is None else error

    def _failure(self) -> BaseException | None:
        """Return the failure that the worst of what was recorded is; a test that is marked itself is to train."""
        background = self._background
        try:
            for outcome in background.outcomes:
                fail_by(outcome)
        except AssertionError as failure:
            return failure
        mark = next(self._item.iter_markers_with_node(MARKER), None)
        is_asked_for = mark is not None and mark[0] is self._item
        is_told = background.outcomes or background.fault or background.has_joined or background.has_stepped_aside
        return nothing_trained() if is_asked_for and not is_told else None

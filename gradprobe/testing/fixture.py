"""What the fixture `gradprobe` gives to a test."""

from __future__ import annotations

from collections.abc import Callable, Collection
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from gradprobe.testing.block import Block
from gradprobe.testing.options import changed, options_of_item
from gradprobe.testing.places import recordings, user_roots
from gradprobe.testing.telling import tell

if TYPE_CHECKING:
    import os

    import torch

    from gradprobe.engine.verdict import FailOn


class Gradprobe:
    """Watches what a test trains, and asserts that gradients flow."""

    def __init__(self, item: pytest.Item) -> None:
        self._item = item

    def watch(
        self,
        *,
        max_batches: int | None = None,
        policy: str | os.PathLike[str] | None = None,
        fail_on: FailOn | None = None,
    ) -> Block:
        """Return a block that is watched, judged at its end, and fails the test where it does not train well.

            def test_training(gradprobe):
                with gradprobe.watch(max_batches=5) as watch:
                    train()
                assert watch.report.run.steps == 5

        What is not given here, the test's marker says, then the command line, then the ini file.

        Args:
            max_batches: Leave the block where the next training step would begin after so many.
            policy: Name of a shipped policy, or the path of a policy file, relative to pytest's root directory.
            fail_on: What fails the test: `error`, `warning`, `never`.

        Raises:
            pytest.UsageError: If one of them means nothing.
        """
        given: dict[str, Any] = {"max_batches": max_batches, "policy": policy, "fail_on": fail_on}
        asked = {name: value for name, value in given.items() if value is not None}
        where = f"{self._item.nodeid}: gradprobe.watch()"
        options = changed(options_of_item(self._item), asked, self._item.config.rootpath, where)
        return Block(recordings(self._item, options.max_batches), options, partial(tell, self._item))

    def assert_gradients_flow(
        self,
        model: torch.nn.Module,
        loss: torch.Tensor | Callable[[], torch.Tensor],
        *,
        allow: Collection[str] = (),
    ) -> None:
        """Assert that every trainable parameter of a model gets a gradient from one backward.

        The same as `gradprobe.assert_gradients_flow`, for a test in which the fixture has the name of the module.
        """
        __tracebackhide__ = True
        from gradprobe.testing.flow import check_flow

        check_flow(model, loss, allow, user_roots(self._item))

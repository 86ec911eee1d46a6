"""gradprobe: which modules of a training script get a gradient, and which do not.

From the command line, `gradprobe run train.py`. As a library:

    with gradprobe.watch() as watch:
        train()
    report = watch.report()

    gradprobe.assert_gradients_flow(model, lambda: loss_of(model(x)))    # in a test, for one backward

    gradprobe.log(mask_ratio=0.8)          # a metric of one's own; does nothing where nothing records
    gradprobe.open(".gradprobe/…").steps   # a recorded run as pandas frames

(PYTEST_DONT_REWRITE: `gradprobe run -m pytest` imports this before pytest, which would warn that it is too late to rewrite assertions.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe import _active

if TYPE_CHECKING:
    from gradprobe.record.frames import Run
    from gradprobe.record.frames import open_run as open
    from gradprobe.testing.flow import assert_gradients_flow
    from gradprobe.watching import Watch
    from gradprobe.watching import Watch as watch

__version__ = "0.1.0"

__all__ = ["Run", "Watch", "__version__", "assert_gradients_flow", "log", "open", "watch"]


def log(**metrics: object) -> None:
    """Record metrics of one's own for the current training step.

    A metric logged between a `backward()` and its optimizer step, or after that step, belongs to that step; several values of
    one step are averaged. Does nothing, at the cost of one comparison, where nothing records.

    Args:
        **metrics: Numbers, or tensors with one element (which stay on their device until they can be read without waiting);
            anything else is passed over.
    """
    recorder = _active.recorder
    if recorder is not None:
        recorder.log(metrics)


def __getattr__(name: str) -> object:
    """Import the larger parts when they are first used."""
    if name in ("watch", "Watch"):
        from gradprobe.watching import Watch

        return Watch
    if name in ("open", "Run"):
        from gradprobe.record import frames

        return frames.open_run if name == "open" else frames.Run
    if name == "assert_gradients_flow":
        from gradprobe.testing.flow import assert_gradients_flow

        return assert_gradients_flow
    raise AttributeError(f"module 'gradprobe' has no attribute {name!r}")

"""What every test can count on: the cuda marker, reproducible hypothesis runs in CI, the shared cases."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import settings

# A shell that runs the suite in the background has it ignore Ctrl-C, and so would every program that the tests start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# Where CI runs the suite, gradprobe would write what it tells CI between what a test expects.
for variable in ("GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY", "GITHUB_WORKSPACE", "CI_PROJECT_DIR"):
    os.environ.pop(variable, None)

CHECKOUT = Path(__file__).resolve().parents[1]

# Two workers, and the programs that they start, would each take every core: with one thread each the suite takes a third less time.
os.environ.setdefault("OMP_NUM_THREADS", "1")

settings.register_profile("ci", derandomize=True, deadline=None)
if os.environ.get("CI"):
    settings.load_profile("ci")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip tests marked cuda, with the reason, where there is no CUDA device."""
    marked = [item for item in items if item.get_closest_marker("cuda")]
    if not marked:
        return
    import torch

    if not torch.cuda.is_available():
        for item in marked:
            item.add_marker(pytest.mark.skip(reason="no CUDA device: torch.cuda.is_available() is False"))


@pytest.fixture(scope="session")
def shared_cases() -> Path:
    """The folder of real mistakes with known causes, which lies beside the checkout and not in it."""
    cases = CHECKOUT.parent / "shared" / "cases"
    if not cases.is_dir():
        pytest.skip(f"no shared cases: {cases} is not there")
    return cases

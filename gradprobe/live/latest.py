"""The report of a run as it stands."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe.engine.judge import judge
from gradprobe.errors import RecordError
from gradprobe.extensions import load_checks
from gradprobe.policy import load_policy
from gradprobe.record.run import read_run

if TYPE_CHECKING:
    from gradprobe.values import Report


def latest(run_dir: Path, policy_name: str) -> Callable[[], Report | None]:
    """Return a function that judges a run as it stands; it gives None while there is no record or no step yet.

    Args:
        run_dir: Directory of the run.
        policy_name: Name or file of the policy.

    Raises:
        GradprobeError: If the policy or the checks cannot be loaded.
    """
    # The engine loads it when it first needs it: half a second of work, after which the screen would rest for ten.
    import_module("scipy.stats")
    policy = load_policy(policy_name)
    checks = load_checks()

    def fetch() -> Report | None:
        try:
            record = read_run(run_dir)
        except RecordError:
            return None
        return judge(record, policy, checks, draw=False) if len(record.steps) else None

    return fetch

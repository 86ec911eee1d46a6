"""The engine: turns a record and a policy into a report."""

from gradprobe.engine.judge import judge
from gradprobe.engine.verdict import FailOn, exit_code, verdict_of

__all__ = ["FailOn", "exit_code", "judge", "verdict_of"]

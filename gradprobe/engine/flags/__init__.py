"""Judges the flags of a policy, one file per kind."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.engine.flags.finite import judge_finite
from gradprobe.engine.flags.gradient_flows import judge_gradient_flows
from gradprobe.engine.flags.gradient_norm import judge_gradient_norm
from gradprobe.engine.flags.metric_trend import judge_metric_trend
from gradprobe.engine.flags.no_backward_errors import judge_no_backward_errors

if TYPE_CHECKING:
    from gradprobe.engine.evidence import Evidence
    from gradprobe.policy.schema import Policy, PolicyFlag
    from gradprobe.values import Flag


def judge_flags(policy: Policy, evidence: Evidence) -> tuple[Flag, ...]:
    """Return the lines of a policy, judged, in its order."""
    return tuple(_judge(flag, evidence) for flag in policy.flags)


def _judge(flag: PolicyFlag, evidence: Evidence) -> Flag:
    """Judge one flag by its kind."""
    match flag.kind:
        case "gradient-flows":
            return judge_gradient_flows(flag, evidence)
        case "gradient-norm":
            return judge_gradient_norm(flag, evidence)
        case "falling" | "rising":
            return judge_metric_trend(flag, evidence)
        case "finite":
            return judge_finite(flag, evidence)
        case "no-backward-errors":
            return judge_no_backward_errors(flag, evidence)

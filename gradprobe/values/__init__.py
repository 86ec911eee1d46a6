"""The values that travel from the recorder to the reports: frozen, without tensors, without behaviour."""

from gradprobe.values.events import (
    Backward,
    Call,
    ClipCall,
    Crashed,
    Event,
    GradientsTaken,
    Incident,
    OptimizerStep,
    ParameterCreated,
    RecorderFailed,
    ScalerCall,
    SchedulerStep,
    StepSkipped,
    Warned,
    ZeroGrad,
)
from gradprobe.values.finding import Allowed, Confidence, Finding, RelatedSite, Severity
from gradprobe.values.flag import Colour, Flag
from gradprobe.values.observations import GradCut, LossReach, Observation, Observed
from gradprobe.values.report import MetricTrend, ModuleHealth, ModuleState, Report, RunFacts, Trend, Verdict
from gradprobe.values.site import Site
from gradprobe.values.step import Step

__all__ = [
    "Allowed",
    "Backward",
    "Call",
    "ClipCall",
    "Colour",
    "Confidence",
    "Crashed",
    "Event",
    "Finding",
    "Flag",
    "GradCut",
    "GradientsTaken",
    "Incident",
    "LossReach",
    "MetricTrend",
    "ModuleHealth",
    "ModuleState",
    "Observation",
    "Observed",
    "OptimizerStep",
    "ParameterCreated",
    "RecorderFailed",
    "RelatedSite",
    "Report",
    "RunFacts",
    "ScalerCall",
    "SchedulerStep",
    "Severity",
    "Site",
    "Step",
    "StepSkipped",
    "Trend",
    "Verdict",
    "Warned",
    "ZeroGrad",
]

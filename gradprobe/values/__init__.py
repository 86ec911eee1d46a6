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
from gradprobe.values.rank import RankRow
from gradprobe.values.report import CheckRun, MetricTrend, ModuleHealth, ModuleState, Report, RunFacts, Trend, Verdict
from gradprobe.values.series import Series, Track
from gradprobe.values.site import Site
from gradprobe.values.step import Step
from gradprobe.values.way import Barrier, Way

__all__ = [
    "Allowed",
    "Backward",
    "Barrier",
    "Call",
    "CheckRun",
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
    "RankRow",
    "RecorderFailed",
    "RelatedSite",
    "Report",
    "RunFacts",
    "ScalerCall",
    "SchedulerStep",
    "Series",
    "Severity",
    "Site",
    "Step",
    "StepSkipped",
    "Track",
    "Trend",
    "Verdict",
    "Warned",
    "Way",
    "ZeroGrad",
]

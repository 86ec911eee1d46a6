"""What a script logs to MLflow: `mlflow.log_metric`, `log_metrics`, and the client's `log_metric` and `log_batch`.

The functions, which a script may have imported by name, lead to the client's methods, and so do the loggers of frameworks.
"""

from __future__ import annotations

from types import ModuleType
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.adapters.tracked import Call, Tracked

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

MODULE: Final = "mlflow.tracking.client"
OWN: Final = "system/"
"""What MLflow measures of the machine, from a thread of its own, begins so."""


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe what clients are given."""
    tracked = Tracked(recorder, "mlflow", MODULE)

    def take(call: Call, metrics: dict[str, object]) -> None:
        scripts = {key: value for key, value in metrics.items() if not key.startswith(OWN)}
        if scripts:
            tracked.note_place(call.argument(1, "run_id"))
            tracked.log(scripts)

    def logged(call: Call) -> None:
        take(call, {call.argument(2, "key"): call.argument(3, "value")})

    def logged_several(call: Call) -> None:
        take(call, {metric.key: metric.value for metric in call.argument(2, "metrics") or ()})

    tracked.stand_around(patches, module.MlflowClient, "log_metric", logged)
    tracked.stand_around(patches, module.MlflowClient, "log_batch", logged_several)

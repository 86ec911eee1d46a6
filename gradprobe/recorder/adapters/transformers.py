"""transformers: what its Trainer logs, and where checkpointing was switched on.

The Trainer puts the average of the losses before in place of one that is NaN or infinite (`logging_nan_inf_filter`), so its log
cannot show it. The loss that is backpropagated is recorded anyway; that the log hides it is noted for the report.
"""

from __future__ import annotations

import sys
from types import FrameType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.adapters.standing import Standing
from gradprobe.recorder.sites import is_machinery
from gradprobe.values import Observation, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.node import Place
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

TRAINER: Final = "transformers.trainer"
MODELS: Final = "transformers.modeling_utils"
SOURCE: Final = "transformers"
FILTERED: Final = "filtered-log"
"""An observation that a log leaves out losses that are not finite, where that was asked for. `detail`: `setting`."""
_NO_METRICS: Final = ("_runtime", "_per_second", "total_flos", "_preparation_time")
"""Ends of names under which the Trainer logs how long it took."""
_DELEGATES: Final = ("transformers/modeling_utils.py", "peft/peft_model.py", "peft/tuners/tuners_utils.py")
"""Files in which a call of a model's method is handed on."""


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe the Trainer."""
    standing = Standing(recorder, patches, TRAINER)
    asked: dict[int, Site] = {}
    filtered: set[Site] = set()

    def built(arguments: Any, _: object) -> None:
        frame = recorder.sites.user_frame(sys._getframe(1))
        if frame is None:
            return
        asked[id(arguments)] = recorder.sites.at(frame)
        if _is_checkpointed(arguments):
            recorder.deep.tracer.checkpointed_at = _place(frame)

    def logged(args: Arguments, kwargs: Keywords) -> None:
        arguments = args[1] if len(args) > 1 else kwargs["args"]
        logs = args[4] if len(args) > 4 else kwargs["logs"]
        recorder.log({name: value for name, value in logs.items() if not name.endswith(_NO_METRICS)}, SOURCE)
        if arguments.logging_nan_inf_filter:
            site = asked.get(id(arguments)) or recorder.site()
            if site in filtered:
                return
            filtered.add(site)
            recorder.deep.observe(Observation(FILTERED, site, detail={"setting": "logging_nan_inf_filter"}))

    standing.around(module.TrainingArguments, "__post_init__", before=lambda args, _: args[0], after=built)
    standing.around(module.CallbackHandler, "on_log", before=logged)


def install_models(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe where the checkpointing of a model is switched on."""

    def switched(args: Arguments, kwargs: Keywords) -> None:
        if not (args[1] if len(args) > 1 else kwargs.get("enable", kwargs.get("value", True))):
            return
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and _hands_on(frame.f_code.co_filename):
            frame = frame.f_back
        tracer = recorder.deep.tracer
        if frame is not None and (recorder.sites.is_user_file(frame.f_code.co_filename) or not tracer.checkpointed_at):
            user = recorder.sites.user_frame(frame)
            tracer.checkpointed_at = None if user is None else _place(user)

    standing = Standing(recorder, patches, MODELS)
    standing.around(module.PreTrainedModel, "_set_gradient_checkpointing", before=switched)


def _hands_on(file: str) -> bool:
    return is_machinery(file) or file.replace("\\", "/").endswith(_DELEGATES)


def _is_checkpointed(arguments: Any) -> bool:
    """Return whether training arguments ask for checkpointing, by the new name or the old; asks without a warning of age."""
    settings = vars(arguments)
    return bool(settings.get("activation_checkpointing") or settings.get("gradient_checkpointing"))


def _place(frame: FrameType) -> Place:
    return frame.f_code, frame.f_lineno or 0

"""What a script writes for TensorBoard: `SummaryWriter.add_scalar` and `add_scalars` of torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.adapters.tracked import Call, Tracked

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Patches
    from gradprobe.recorder.recorder import Recorder

MODULE: Final = "torch.utils.tensorboard.writer"


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe what writers are given."""
    tracked = Tracked(recorder, "tensorboard", MODULE)
    folders: list[str] = []

    def note_folder(call: Call) -> None:
        if not folders:  # `add_hparams` makes a writer of its own below the first one's folder.
            folders.append(str(Path(call.owner.log_dir).absolute()))
            tracked.note_place(folders[0])

    def added(call: Call) -> None:
        note_folder(call)
        tracked.log({call.argument(1, "tag"): call.argument(2, "scalar_value")})

    def added_several(call: Call) -> None:
        note_folder(call)
        values = call.argument(2, "tag_scalar_dict")
        if isinstance(values, Mapping):
            tracked.log({f"{call.argument(1, 'main_tag')}/{tag}": value for tag, value in values.items()})

    tracked.stand_around(patches, module.SummaryWriter, "add_scalar", added)
    tracked.stand_around(patches, module.SummaryWriter, "add_scalars", added_several)

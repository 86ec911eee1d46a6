"""Where FSDP2 (`fully_shard`) puts other parameters in the place of the user's: shards for good, and the whole for a forward.

A sharded parameter takes the place of the one that the user made; for each forward and backward, a third one stands in for it,
whose gradient becomes that of the shard. Without being told, gradprobe would take them for three.
"""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.adapters.standing import Standing

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

MODULE: Final = "torch.distributed.fsdp._fully_shard._fsdp_param"


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe the sharding of parameters, and what stands in for them.

    Raises:
        AttributeError: If this version of torch shards in another way.
    """
    parameter_class: Any = module.FSDPParam
    deep = recorder.deep

    def before(args: Arguments, keywords: Keywords) -> tuple[Any, Any]:
        return args[0], args[1] if len(args) > 1 else keywords["param"]

    def sharded(token: tuple[Any, Any] | None, _: object) -> None:
        if token is not None:
            deep.parameter_replaced(token[1], token[0].sharded_param, sys._getframe(1))

    def itself(args: Arguments, keywords: Keywords) -> Any:
        return args[0]

    def unsharded(parameter: Any, _: object) -> None:
        if parameter is not None:
            deep.tracer.leaves.stand_in(parameter._unsharded_param, parameter.sharded_param)

    for name in ("_init_sharded_param", "init_unsharded_param"):  # Both or none.
        getattr(parameter_class, name)
    standing = Standing(recorder, patches, MODULE)
    standing.around(parameter_class, "_init_sharded_param", before=before, after=sharded)
    standing.around(parameter_class, "init_unsharded_param", before=itself, after=unsharded)

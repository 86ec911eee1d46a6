"""The planted faults: one file each, whose `FAULT` says what the person wrote, what follows and what is seen.

The faulty line is real code, and ends in `# FAULT <name>`; `fault_site` finds it. The healthy program knows nothing of
this folder.
"""

from pathlib import Path

from gradprobe_reference.faults import (
    cached_graph,
    clip_before_unscale,
    detached_policy,
    eval_left_on,
    float_target,
    forgotten_module,
    half_master,
    late_parameters,
    missing_zero_grad,
    recreated_projection,
    stray_no_grad,
    update_before_backward,
)
from gradprobe_reference.faults.fault import Fault, site_in

_MODULES = (
    stray_no_grad,
    float_target,
    update_before_backward,
    cached_graph,
    detached_policy,
    half_master,
    recreated_projection,
    late_parameters,
    forgotten_module,
    clip_before_unscale,
    eval_left_on,
    missing_zero_grad,
)

FAULTS = {module.FAULT.name: module.FAULT for module in _MODULES}

__all__ = ["FAULTS", "Fault", "fault_site"]


def fault_site(name: str) -> tuple[Path, int]:
    """Give the file of a fault and the number of its faulty line, from one.

    Raises:
        KeyError: There is no fault of this name.
    """
    [file] = [module.__file__ for module in _MODULES if module.FAULT.name == name] or [None]
    if file is None:
        raise KeyError(name)
    return site_in(Path(file), name)

"""A reduction of DistributedDataParallel that was never finished: which parameters had no gradient, read from torch's own count."""

from __future__ import annotations

import re
import traceback
from typing import TYPE_CHECKING, Any, Final

import torch

from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep

WHAT: Final = "reduction-unfinished"
"""An observation of parameters that DistributedDataParallel waited for in vain, at the line that made them or used them last.

`detail`: `used` (whether something was computed with them), `reached` (whether a loss reached them before), `all` (whether every
parameter is meant).
"""
TEXT: Final = "Expected to have finished reduction in the prior iteration"
_INDICES: Final = re.compile(r"did not receive grad for rank \d+: ([\d ]+)")
_CLASS: Final = "DistributedDataParallel"


def look_at_reduction(deep: Deep, error: BaseException, site: Site) -> None:
    """Note which parameters are meant, where an exception is of that kind."""
    if not isinstance(error, RuntimeError) or TEXT not in str(error):
        return
    found = _INDICES.search(str(error))
    wrapper = _wrapper(error)
    if found is None or wrapper is None:
        return
    parameters = _in_order(wrapper)
    indices = [int(word) for word in found.group(1).split()]
    if not indices or max(indices) >= len(parameters):
        return
    leaves = [deep.tracer.leaves.of(parameters[index]) for index in indices]
    used = next((leaf for leaf in leaves if leaf.used_at is not None), None)
    places = [used.used_at] if used is not None else [leaf.registered_at or leaf.made for leaf in leaves]
    place = next((one for one in places if one is not None), None)
    deep.observe(
        Observation(
            WHAT,
            site if place is None else deep.site(place),
            (RelatedSite(site, "raised here"),),
            tuple(deep.name_of(leaf.number) for leaf in leaves),
            {
                "used": used is not None,
                "reached": any(reach.reached >> leaf.number & 1 for reach in deep.reaches for leaf in leaves),
                "all": len(indices) == len(parameters),
            },
        )
    )


def _wrapper(error: BaseException) -> Any:
    """Return the DistributedDataParallel whose forward raised."""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        value = frame.f_locals.get("self")
        if type(value).__name__ == _CLASS:
            return value
    return None


def _in_order(wrapper: Any) -> list[torch.Tensor]:
    """Return a wrapper's parameters in the order in which it counts them."""
    ignored = getattr(wrapper, "parameters_to_ignore", ())
    return [one for name, one in wrapper.module.named_parameters() if one.requires_grad and name not in ignored]

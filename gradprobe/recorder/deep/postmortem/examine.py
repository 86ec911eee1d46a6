"""Looks at what a failed backward left behind, and says what happened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from gradprobe.recorder.deep.postmortem.overwritten import overwritten
from gradprobe.recorder.deep.postmortem.reused import reused
from gradprobe.recorder.deep.postmortem.saved import state_of
from gradprobe.values import Observation, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.deep import Deep


def examine(deep: Deep, roots: list[torch.Tensor], error: BaseException, site: Site) -> Observation | None:
    """Return what is known of an exception that left a backward; None where it was something else.

    Args:
        deep: The deep steps.
        roots: What backward was called on.
        error: The exception.
        site: Where backward was called.
    """
    if not isinstance(error, RuntimeError) or not any(root.requires_grad for root in roots):
        return None
    state = state_of(roots)
    if state.modified:
        found = overwritten(deep, state.modified, site)
        if found is not None:
            return found
    return reused(deep, roots, state.freed, site) if state.freed else None

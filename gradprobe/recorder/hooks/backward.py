"""`loss.backward()`, `torch.autograd.backward` and `torch.autograd.grad`."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.stop import StopTraining
from gradprobe.values import GradientsTaken, Site

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe every backward call (`Tensor.backward` ends in `torch.autograd.backward`)."""
    approach = recorder.guard.guarded(recorder.backward_approaches)

    @recorder.guard.guarded
    def begin(args: Arguments, kwargs: Keywords, site: Site) -> None:
        tensors = args[0] if args else kwargs.get("tensors")
        root = tensors[0] if isinstance(tensors, Sequence) and tensors else tensors
        others = tensors[1:] if isinstance(tensors, Sequence) else ()
        frame = recorder.sites.user_frame(sys._getframe(1))
        keeps = bool(args[2] if len(args) > 2 else kwargs.get("retain_graph"))
        given = args[1] if len(args) > 1 else kwargs.get("grad_tensors")
        is_weighted = any(one is not None for one in given) if isinstance(given, Sequence) else given is not None
        recorder.backward_begins(root, site, frame, keeps, others, weighted=is_weighted)

    def before(args: Arguments, kwargs: Keywords) -> Site | None:
        if torch._C._current_graph_task_id() != -1:
            return None  # Within a backward: a reentrant checkpoint's, not a call of the user's.
        site = approach()
        if site is not None:
            recorder.stop_if_due(backward_site=site)
            begin(args, kwargs, site)
        return site

    @recorder.guard.guarded
    def end(site: Site | None, _: object) -> None:
        if site is not None:
            recorder.backward_ended(sys._getframe(1), site)

    @recorder.guard.guarded
    def crash(site: Site | None, error: BaseException) -> None:
        if site is not None and not isinstance(error, StopTraining):
            recorder.crashed(error, site, "backward")

    @recorder.guard.guarded
    def taken(args: Arguments, kwargs: Keywords) -> None:
        if sys._getframe(3).f_code.co_name == "__torch_function__":
            return  # A function mode calls what it was shown, and what it was shown is this.
        recorder.call(GradientsTaken(recorder.site()))
        recorder.deep.books.differentiated(args[1] if len(args) > 1 else kwargs.get("inputs"))

    patches.wrap(torch.autograd, "grad", before=taken)
    patches.wrap(torch.autograd, "backward", before=before, after=end, failed=crash)

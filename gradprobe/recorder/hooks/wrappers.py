"""DistributedDataParallel: where models are wrapped, when a wrapper's forward runs, and what its averaging is told."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator
from types import FrameType
from typing import TYPE_CHECKING, Any

import torch
from torch._compile import _disable_dynamo
from torch.nn.parallel import DistributedDataParallel

from gradprobe.recorder.patches import Arguments, Keywords, Patches
from gradprobe.recorder.ranks.wrappers import HOOKED, MOVED, WRAPPED
from gradprobe.values import Observation

if TYPE_CHECKING:
    from gradprobe.recorder.recorder import Recorder


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe wrappers."""
    ranks, guarded = recorder.ranks, recorder.guard.guarded

    @guarded
    def made(args: Arguments, _: None) -> None:
        wrapper, site = args[0], recorder.site()
        ranks.wrappers.made(wrapper, site)
        recorder.deep.observe(Observation(WRAPPED, site, detail={"module": type(wrapper.module).__name__}))
        ranks.look_for_group()
        ranks.wrappers.await_uses(recorder.deep)

    @guarded
    def no_sync(args: Arguments, kwargs: Keywords) -> None:
        known = ranks.wrappers.of(args[0])
        if known is not None:
            known.no_sync_at = recorder.site()

    @guarded
    def hooked(args: Arguments, kwargs: Keywords) -> None:
        recorder.deep.observe(Observation(HOOKED, recorder.site()))

    @guarded
    def moved(before: dict[int, tuple[torch.dtype, torch.device]] | None, module: Any) -> None:
        if before is not None:
            replaced = before != _memory_of(module)
            recorder.deep.observe(Observation(MOVED, recorder.site(), detail={"replaced": replaced}))

    def about_to_move(args: Arguments, kwargs: Keywords) -> dict[int, tuple[torch.dtype, torch.device]] | None:
        return _memory_of(args[0]) if ranks.wrappers.holds(args[0]) else None

    patches.wrap(DistributedDataParallel, "__init__", before=lambda args, _: args, after=made)
    patches.wrap(DistributedDataParallel, "no_sync", before=no_sync)
    patches.wrap(DistributedDataParallel, "register_comm_hook", before=hooked)
    patches.wrap(torch.nn.Module, "_apply", before=about_to_move, after=moved)
    _install_forward(recorder, patches)


def _install_forward(recorder: Recorder, patches: Patches) -> None:
    """Stand around the one function of a wrapper's forward that torch itself keeps out of compiled code."""
    original = vars(DistributedDataParallel).get("_inside_ddp_forward")
    if original is None:
        return

    @recorder.guard.guarded
    def begins(wrapper: torch.nn.Module, frame: FrameType | None) -> None:
        recorder.ranks.forward_begins(wrapper, frame, recorder.steps.completed, recorder.site)

    ended = recorder.guard.guarded(recorder.ranks.forward_ended)

    @contextlib.contextmanager
    @_disable_dynamo(recursive=False)
    def inside(self: torch.nn.Module) -> Iterator[None]:
        frame: FrameType | None = sys._getframe(1)
        while frame is not None and frame.f_code.co_filename == contextlib.__file__:
            frame = frame.f_back
        begins(self, frame)
        try:
            with original(self):
                yield
        finally:
            ended(self)

    patches.replace(DistributedDataParallel, "_inside_ddp_forward", inside)


def _memory_of(wrapper: torch.nn.Module) -> dict[int, tuple[torch.dtype, torch.device]]:
    """Return what the parameters of a wrapper are, by their identity."""
    return {id(one): (one.dtype, one.device) for one in wrapper.parameters()}

"""`module.requires_grad = True`: an attribute of the module, which changes no parameter."""

from __future__ import annotations

import linecache
import re
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.values import Observation, Site

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.values.observations import Detail

WHAT: Final = "module-flag"
"""An observation of such an attribute whose value its parameters do not have: `detail["value"]`, and those parameters."""
MOST_NAMES: Final = 64


class Flags:
    """Looks at modules now and then for an attribute that only tensors are to have."""

    def __init__(self, deep: Deep) -> None:
        self._deep = deep
        self._told: set[int] = set()

    def look(self, steps: int) -> None:
        """Look after the first step and ever less often.

        Args:
            steps: Steps that have ended.
        """
        if steps & (steps - 1):
            return
        for _, root in self._deep.layout.living_roots():
            if isinstance(root, torch.nn.Module):
                for module in root.modules():
                    value = module.__dict__.get("requires_grad")
                    if isinstance(value, bool) and id(module) not in self._told and not _is_its_own(type(module)):
                        self._tell(module, value)

    def _tell(self, module: torch.nn.Module, value: bool) -> None:
        """Note a module none of whose parameters has what was assigned."""
        parameters = list(module.parameters())
        if not parameters or any(one.requires_grad == value for one in parameters):
            return
        self._told.add(id(module))
        deep = self._deep
        positions = [deep.layout.position(one) for one in parameters[:MOST_NAMES]]
        names = tuple(deep.layout.parameters[one].name for one in positions if one is not None)
        detail: dict[str, Detail] = {"value": value, "type": type(module).__name__}
        deep.observe(Observation(WHAT, self._assigned_at(value), (), names, detail, key=",".join(names[:1])))

    def _assigned_at(self, value: bool) -> Site:
        """Return the first of the user's lines that assigns the value, and not to a tensor: those were seen to freeze one."""
        deep = self._deep
        frozen_at = [leaf.frozen_at for leaf, _ in deep.tracer.leaves.alive() if leaf.frozen_at is not None]
        known = {(code.co_filename, line) for code, line in frozen_at}
        assigns = re.compile(rf"\.requires_grad\s*=\s*{value}\b")
        for file in deep.tracer.sites.user_files():
            for number, line in enumerate(linecache.getlines(file), 1):
                if assigns.search(line) and (file, number) not in known:
                    return deep.line_site(file, number, "")
        return Site("<unknown>", 0)


def _is_its_own(kind: type) -> bool:
    """Return whether a class has an attribute of this name by design: it says so itself, or its constructor deals with it."""
    for one in kind.__mro__:
        code = getattr(vars(one).get("__init__"), "__code__", None)
        if one is not torch.nn.Module and ("requires_grad" in vars(one) or (code and "requires_grad" in code.co_names)):
            return True
    return False

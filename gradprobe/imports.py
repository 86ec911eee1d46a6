"""Being told when the script has imported a module, without importing it first."""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Final

_EXECUTED: Final[weakref.WeakSet[ModuleType]] = weakref.WeakSet()
"""Modules that have been executed whole, though the import system may not have said so yet: an action may wait for others."""


def after_import(name: str, action: Callable[[], None]) -> Callable[[], None]:
    """Call `action` once when the module has been imported: at once where it has been.

    Returns:
        A function that stops waiting.
    """
    module = sys.modules.get(name)
    is_loading = getattr(getattr(module, "__spec__", None), "_initializing", False)
    if module is not None and (not is_loading or module in _EXECUTED):
        action()
        return lambda: None
    finder = _Finder(name, action)
    sys.meta_path.insert(0, finder)

    def stop() -> None:
        if finder in sys.meta_path:
            sys.meta_path.remove(finder)

    return stop


class _Finder(MetaPathFinder):
    """Finds the one module as it would be found without it, and adds a word at the end of its loading."""

    def __init__(self, name: str, action: Callable[[], None]) -> None:
        self._name = name
        self._action = action

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._name or self not in sys.meta_path:
            return None
        for finder in sys.meta_path[sys.meta_path.index(self) + 1 :]:
            find_spec = getattr(finder, "find_spec", None)  # Finders of before Python 3.4 have none.
            spec: ModuleSpec | None = None if find_spec is None else find_spec(fullname, path, target)
            if spec is not None:
                if spec.loader is not None:
                    self._follow(spec.loader)
                return spec
        return None

    def _follow(self, loader: Loader) -> None:
        """Replace the loader's `exec_module` until it is called, so that the module meets its own loader unchanged."""
        before = vars(loader).get("exec_module")
        execute = loader.exec_module

        def exec_module(module: ModuleType) -> None:
            if before is None:
                vars(loader).pop("exec_module", None)
            else:
                loader.exec_module = before  # type: ignore[method-assign]
            execute(module)
            if self in sys.meta_path:
                sys.meta_path.remove(self)
                _EXECUTED.add(module)
                self._action()

        loader.exec_module = exec_module  # type: ignore[method-assign]

"""Where learning rates are set: schedulers that are built, states of optimizers that are loaded, assignments to `group["lr"]`."""

from __future__ import annotations

import ast
import linecache
import weakref
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import TYPE_CHECKING, Any, Final

import torch
from torch.optim import lr_scheduler

from gradprobe.recorder.cells import cell_name
from gradprobe.recorder.layout import optimizer_parameters
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder
    from gradprobe.values.observations import Detail

BUILT: Final = "scheduler-built"
"""An observation of a scheduler where it was built; `class`, `optimizer` (its number; -1 where it never stepped), its arguments as
far as they are plain, and `shared_with`: the number of another optimizer that holds some of the same parameters, else -1."""
PLATEAU: Final = "plateau_metric"
"""Metric: what `ReduceLROnPlateau.step` was given."""
LOADED: Final = "rate-loaded"
"""An observation of an optimizer's `load_state_dict`; `optimizer`, and `rate`, the highest learning rate it has since."""
ASSIGNED: Final = "rate-assigned"
"""An observation of a statement that assigns to `[…]["lr"]`; made where a run ends with a learning rate of next to nothing."""
NEXT_TO_NOTHING: Final = 1e-9
"""Learning rate at the end of a run below which such statements are looked for."""
MOST: Final = 1024
"""Schedulers that are remembered."""
_ARGUMENTS: Final = (
    *("gamma", "factor", "step_size", "T_max", "T_0", "T_mult", "eta_min", "total_iters", "total_steps", "power"),
    *("start_factor", "end_factor", "milestones", "patience", "max_lr", "base_lr", "final_lr", "warmup_steps", "mode"),
)


class Schedulers:
    """Remembers where schedulers were built, until their optimizers have numbers. Keeps none of them alive."""

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._built: list[tuple[weakref.ref[Any], weakref.ref[torch.optim.Optimizer], Site]] = []
        self._sites: weakref.WeakKeyDictionary[Any, Site] = weakref.WeakKeyDictionary()
        self._known: weakref.WeakKeyDictionary[Any, tuple[int, int | None]] = weakref.WeakKeyDictionary()

    def built(self, scheduler: Any, optimizer: torch.optim.Optimizer) -> None:
        """Note that a scheduler was built."""
        if len(self._built) < MOST:
            site = self._sites[scheduler] = self._recorder.site()
            self._built.append((weakref.ref(scheduler), weakref.ref(optimizer), site))

    def stepped(self, scheduler: Any) -> None:
        """Note that a scheduler was stepped; tell of it again where there are other optimizers since."""
        self.tell()
        optimizer, site = getattr(scheduler, "optimizer", None), self._sites.get(scheduler)
        if not isinstance(optimizer, torch.optim.Optimizer) or site is None or not self._recorder.steps.completed:
            return
        number = self._recorder.layout.number_of(optimizer)
        known = (len(self._recorder.built), number)
        if self._known.get(scheduler) != known:
            self._known[scheduler] = known
            self._tell(scheduler, -1 if number is None else number, site, self._sharing(optimizer))

    def _sharing(self, optimizer: torch.optim.Optimizer) -> int:
        """Return the number of another optimizer that holds a parameter of this one's; -1 where none does.

        One around the other (accelerate's, for instance) has the very same groups: what sets its rate sets the other's.
        """
        own = set(map(id, optimizer_parameters(optimizer)))
        groups = set(map(id, optimizer.param_groups))
        for other in list(self._recorder.built):
            number = self._recorder.layout.number_of(other)
            if not groups.isdisjoint(map(id, other.param_groups)):
                continue
            if other is not optimizer and number is not None and own & set(map(id, optimizer_parameters(other))):
                return number
        return -1

    def tell(self) -> None:
        """Tell of those whose optimizers have stepped by now."""
        left = []
        for entry in self._built:
            scheduler, optimizer = entry[0](), entry[1]()
            number = None if optimizer is None else self._recorder.layout.number_of(optimizer)
            if scheduler is not None and number is not None:
                self._tell(scheduler, number, entry[2])
            elif scheduler is not None:
                left.append(entry)
        self._built = left

    def _tell(self, scheduler: Any, number: int, site: Site, shared_with: int = -1) -> None:
        arguments = vars(scheduler)
        detail: dict[str, Detail] = {"class": type(scheduler).__name__, "optimizer": number, "shared_with": shared_with}
        for name in _ARGUMENTS:
            value = arguments.get(name)
            if isinstance(value, (bool, int, float, str)):
                detail[name] = value
            elif name == "milestones" and value is not None:
                detail[name] = str(sorted(value))[:200]
        codes = [code for one in arguments.get("lr_lambdas") or () if (code := _code(one)) is not None]
        related = tuple(RelatedSite(self._of_code(code), "schedule function") for code in codes)
        key = f"{number} {type(scheduler).__name__}"
        self._recorder.deep.observe(Observation(BUILT, site, related, detail=detail, key=key))

    def _of_code(self, code: CodeType) -> Site:
        name = getattr(code, "co_qualname", code.co_name)
        return self._recorder.sites.line(code.co_filename, code.co_firstlineno, name)


def install(recorder: Recorder, patches: Patches) -> None:
    """Observe what sets learning rates."""
    schedulers = Schedulers(recorder)

    @recorder.guard.guarded
    def built(token: tuple[Arguments, Keywords], _: object) -> None:
        args, kwargs = token
        scheduler = args[0]
        optimizer = args[1] if len(args) > 1 else kwargs.get("optimizer")
        if isinstance(optimizer, torch.optim.Optimizer):
            schedulers.built(scheduler, optimizer)

    @recorder.guard.guarded
    def stepped(scheduler: object, _: object) -> None:
        schedulers.stepped(scheduler)

    @recorder.guard.guarded
    def measured(args: Arguments, kwargs: Keywords) -> None:
        value = args[1] if len(args) > 1 else kwargs.get("metrics")
        if isinstance(value, (float, torch.Tensor)):
            recorder.measure(PLATEAU, value)

    def step_plateau(args: Arguments, kwargs: Keywords) -> object:
        measured(args, kwargs)
        return args[0]

    @recorder.guard.guarded
    def loaded(args: Arguments, _: object) -> None:
        rates = [group.get("lr") for group in args[0].param_groups]
        known = [float(rate) for rate in rates if isinstance(rate, (int, float))]
        number = recorder.layout.number_of(args[0])
        recorder.deep.books.renewals += 1
        if known:
            detail: dict[str, Detail] = {"optimizer": number, "rate": max(known)}
            recorder.deep.observe(Observation(LOADED, recorder.site(), detail=detail, key=str(number)))

    def ended() -> None:
        schedulers.tell()
        draft = recorder.steps.current
        if draft is not None and len(draft.rates) and bool((draft.rates < NEXT_TO_NOTHING).any()):
            for site in assignments(recorder.sites.user_files()):
                recorder.deep.observe(Observation(ASSIGNED, site))

    for kind in (lr_scheduler.LRScheduler, lr_scheduler.ReduceLROnPlateau):
        patches.wrap(kind, "__init__", before=lambda args, kwargs: (args, kwargs), after=built)
        is_plateau = kind is lr_scheduler.ReduceLROnPlateau
        patches.wrap(kind, "step", before=step_plateau if is_plateau else lambda args, _: args[0], after=stepped)
    patches.wrap(torch.optim.Optimizer, "load_state_dict", before=lambda args, _: args, after=loaded)
    patches.on_undo(ended)


def assignments(files: Iterable[str]) -> Iterator[Site]:
    """Yield the statements in source files that assign to an item `"lr"`."""
    for file in files:
        source = "".join(linecache.getlines(file))
        if '"lr"' not in source and "'lr'" not in source:
            continue
        try:
            tree = ast.parse(source)
        except (SyntaxError, ValueError):
            continue
        for node in ast.walk(tree):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                targets = node.targets if isinstance(node, ast.Assign) else [node.target]
                if any(map(_is_rate, targets)):
                    yield Site(
                        cell_name(file) or file, node.lineno, "", linecache.getline(file, node.lineno).strip()[:400]
                    )


def _is_rate(target: ast.expr) -> bool:
    return isinstance(target, ast.Subscript) and isinstance(target.slice, ast.Constant) and target.slice.value == "lr"


def _code(function: object) -> CodeType | None:
    """Return the code of a function, or of the `__call__` of an object."""
    called = vars(type(function)).get("__call__")
    code = getattr(function, "__code__", None) or getattr(called, "__code__", None)
    return code if isinstance(code, CodeType) else None

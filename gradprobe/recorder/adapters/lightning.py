"""Lightning, by either of its names: what `self.log` is given, epochs, and batches that a training step leaves out.

In automatic optimization forward and backward run in a closure that the optimizer calls; that is seen where optimizers are. Here is
what Lightning alone knows. A metric is taken as the script gave it, batch by batch, and not once more as the epoch's average; one
of validation is taken as the average that Lightning makes, and not while it only checks whether validation runs.
"""

from __future__ import annotations

import ast
import inspect
import linecache
import sys
import textwrap
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any, Final

from gradprobe.recorder.adapters.standing import Standing
from gradprobe.values import Observation, Site

if TYPE_CHECKING:
    from gradprobe.recorder.patches import Arguments, Keywords, Patches
    from gradprobe.recorder.recorder import Recorder

MODULES: Final = ("lightning.pytorch", "pytorch_lightning")
SOURCE: Final = "lightning"
SKIPPED: Final = "skipped-batches"
"""An observation of batches for which `training_step` returned None, at its line. `detail`: `skipped`, `batches`."""
_AFTER_THE_STEP: Final = ("on_train_batch_end", "on_train_epoch_end")
"""Hooks of Lightning that run when the optimizer has stepped."""


def install(recorder: Recorder, patches: Patches, module: ModuleType) -> None:
    """Observe Lightning's modules and loops."""
    standing = Standing(recorder, patches, module.__name__)
    connector = _part(module, "trainer.connectors.logger_connector.logger_connector")._LoggerConnector
    _observe_logs(recorder, standing, module.LightningModule, connector)
    _observe_skips(recorder, standing, patches, _part(module, "loops.optimization.automatic")._AutomaticOptimization)

    def epoch_begins(args: Arguments, kwargs: Keywords) -> None:
        recorder.measure("epoch", args[0].trainer.current_epoch, SOURCE)

    def raised(args: Arguments, kwargs: Keywords) -> None:
        error = args[1] if len(args) > 1 else kwargs["exception"]
        recorder.deep.reduction_failed(error, recorder.site())

    # Lightning is about to say it in words of its own, in which the parameters are no longer named.
    standing.around(_part(module, "strategies.ddp").DDPStrategy, "on_exception", before=raised)
    standing.around(_part(module, "loops.fit_loop")._FitLoop, "on_advance_start", before=epoch_begins)
    relay(recorder, patches, connector, "log_metrics")


def relay(recorder: Recorder, patches: Patches, owner: Any, name: str) -> None:
    """Have what a framework hands on to its trackers recorded as the framework's, and not once more as theirs."""

    def begin(args: Arguments, kwargs: Keywords) -> None:
        recorder.relays += 1

    def end(*_: object) -> None:
        recorder.relays -= 1

    patches.wrap(owner, name, before=begin, after=end, failed=end)


def _part(module: ModuleType, name: str) -> Any:
    return sys.modules[f"{module.__name__}.{name}"]


def _observe_logs(recorder: Recorder, standing: Standing, lightning_module: Any, connector: Any) -> None:
    updated: set[str] = set()  # Metrics of torchmetrics that have a value when the epoch has ended, and none before.

    def logged(call: tuple[Arguments, Keywords], _: object) -> None:
        args, kwargs = call
        owner = args[0]
        name, value = (args[at] if len(args) > at else kwargs[key] for at, key in ((1, "name"), (2, "value")))
        trainer = owner._trainer
        if trainer is None or not trainer.training:
            return
        if hasattr(value, "_forward_cache"):
            value = value._forward_cache
            if value is None:
                updated.add(name)
                return
        if owner.automatic_optimization and owner._current_fx_name not in _AFTER_THE_STEP:
            recorder.measure(name, value, SOURCE)
        else:
            recorder.log({name: value}, SOURCE)

    def validated(args: Arguments, kwargs: Keywords) -> None:
        trainer = args[0].trainer
        if trainer.state.fn == "fit" and not trainer.sanity_checking:
            recorder.log(args[1] if len(args) > 1 else kwargs["metrics"], SOURCE)

    def epoch_ended(args: Arguments, kwargs: Keywords) -> None:
        found = args[0]._callback_metrics
        recorder.log({name: found[name] for name in updated if name in found}, SOURCE)

    standing.around(lightning_module, "log", before=lambda args, kwargs: (args, kwargs), after=logged)
    standing.around(connector, "log_eval_end_metrics", before=validated)
    standing.around(connector, "update_train_epoch_metrics", before=epoch_ended)


def _observe_skips(recorder: Recorder, standing: Standing, patches: Patches, loop: Any) -> None:
    counts: dict[type, _Skips] = {}

    def stepped(owner: Any, result: Any) -> None:
        kind = type(owner.trainer.lightning_module)
        skips = counts.get(kind)
        if skips is None:
            skips = counts[kind] = _Skips(recorder, kind)
        skips.count(result.closure_loss is None)

    def tell() -> None:
        for skips in counts.values():
            skips.tell()

    standing.around(loop, "_training_step", before=lambda args, _: args[0], after=stepped)
    patches.on_undo(tell)  # Before the end of the record is written.


class _Skips:
    """Batches that the training step of one class leaves out."""

    def __init__(self, recorder: Recorder, kind: type) -> None:
        self._recorder = recorder
        self._kind: Any = kind
        self._site: Site | None = None
        self._batches = self._skipped = self._told = 0

    def count(self, is_skipped: bool) -> None:
        """Count a batch; note how many there are ever less often, and that not all were left out as soon as it is so."""
        was_every = self._skipped == self._batches
        self._batches += 1
        self._skipped += is_skipped
        if not self._skipped:
            return
        if self._site is None:
            step = inspect.unwrap(self._kind.training_step).__code__
            self._site = self._recorder.sites.line(step.co_filename, *_leaves_out(step))  # Reads and parses the source.
        if _is_power(self._batches) or (_is_power(self._skipped) if is_skipped else was_every):
            self.tell()

    def tell(self) -> None:
        """Note how many there are, unless that was the last that was noted."""
        if self._site is not None and self._told != self._batches:
            self._told = self._batches
            detail = {"skipped": self._skipped, "batches": self._batches}
            self._recorder.deep.observe(Observation(SKIPPED, self._site, detail=detail))


def _is_power(number: int) -> bool:
    """Return whether a number, one at the least, is a power of two."""
    return not number & (number - 1)


def _leaves_out(code: CodeType) -> tuple[int, str]:
    """Return the line of a function's one `return None`, else that of its `def`; and its qualified name."""
    name = getattr(code, "co_qualname", code.co_name)
    source = inspect.getblock(linecache.getlines(code.co_filename)[code.co_firstlineno - 1 :])
    try:
        (function,) = ast.parse(textwrap.dedent("".join(source))).body
    except (SyntaxError, ValueError):
        return code.co_firstlineno, name
    returns = [
        one
        for one in ast.walk(function)
        if isinstance(one, ast.Return)
        and (one.value is None or (isinstance(one.value, ast.Constant) and one.value.value is None))
    ]
    node = returns[0] if len(returns) == 1 else function
    return code.co_firstlineno + node.lineno - 1, name

"""A record as pandas frames, for people who want to look for themselves."""

from __future__ import annotations

import os
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from gradprobe.record.record import CallSeen, IncidentSeen
from gradprobe.record.run import read_run
from gradprobe.record.update import update_norms
from gradprobe.text.utf8 import writable
from gradprobe.values import LossReach
from gradprobe.values.step import NO_GRADIENT, NOT_LOOKED_AT

if TYPE_CHECKING:
    from collections.abc import Iterator

    import pandas as pd
    from numpy.typing import NDArray

    from gradprobe.record.record import Record
    from gradprobe.values import Event, RunFacts, Site, Step


PARAMETER_COLUMNS: Final = (
    *("name", "module", "shape", "elements", "dtype", "device", "trainable", "optimizer", "objects"),
    *("steps_flowing", "steps_zero", "steps_none", "steps_non_finite", "last_step_flowing", "grad_norm", "update_norm"),
)
ACCOUNT_COLUMNS: Final = (
    *("name", "registered", "requires_grad", "reached_by", "severed_from", "steps_flowing", "steps_zero", "steps_none"),
    *("owners", "steps_moved", "steps_unmoved", "same_object", "origin", "copied_from", "written"),
    *("made_at", "frozen_at", "last_write_at", "used_at"),
)
EVENT_COLUMNS: Final = ("event", "file", "line", "function", "code", "details", "first_step", "last_step", "count")


class Run:
    """A recorded run, read once, as frames.

    Every frame has one row for one thing; columns are named by their unit where it is not plain from the name.
    """

    def __init__(self, record: Record) -> None:
        self.record = record

    @property
    def facts(self) -> RunFacts:
        """Where, when and how the run went."""
        return self.record.facts

    @cached_property
    def steps(self) -> pd.DataFrame:
        """One row a recorded step (older rows stand for `span` steps), indexed by step.

        Columns: `span`, `time` (UTC), `seconds`, `grad_norm` (L2 over all parameters, unscaled), `learning_rate` (of the
        first group), `without_gradient`, `zero` and `non_finite` (numbers of parameters).
        """
        import pandas as pd

        steps = self.record.steps
        norms = np.where(steps.norms < 0, 0, steps.norms)
        rates = steps.learning_rates
        frame = {
            "span": steps.span,
            "time": pd.to_datetime(steps.time, unit="s", utc=True, errors="coerce"),
            "seconds": steps.seconds,
            "grad_norm": np.sqrt(np.square(norms, dtype=np.float64).sum(axis=1)),
            "learning_rate": rates[:, 0] if rates.shape[1] else np.full(len(steps), np.nan),
            "without_gradient": (steps.norms == -1).sum(axis=1),
            "zero": (steps.norms == 0).sum(axis=1),
            "non_finite": (~np.isfinite(steps.norms)).sum(axis=1),
        }
        return pd.DataFrame(frame, index=pd.Index(steps.index, name="step"))

    @cached_property
    def parameters(self) -> pd.DataFrame:
        """One row a parameter, indexed by name.

        Columns: what is known of it, how often it had a gradient, its newest norm, and, for plain SGD, its newest update
        (L2 norm of what the step subtracted).
        """
        import pandas as pd

        norms, updates = self.record.steps.norms, update_norms(self.record)
        rows = [
            {
                "name": parameter.name,
                "module": parameter.module,
                "shape": parameter.shape,
                "elements": parameter.elements,
                "dtype": parameter.dtype,
                "device": parameter.device,
                "trainable": parameter.trainable,
                "optimizer": parameter.optimizer,
                "objects": parameter.objects,
                **_counts(asdict(parameter.counts)),
                "grad_norm": _newest(norms[:, position], norms[:, position]),
                "update_norm": _newest(updates[:, position], norms[:, position]),
            }
            for position, parameter in enumerate(self.record.parameters)
        ]
        return pd.DataFrame(rows, columns=list(PARAMETER_COLUMNS)).set_index("name")

    @cached_property
    def accounts(self) -> pd.DataFrame:
        """One row a parameter that deep steps saw, indexed by name: what became of it, from its making to its update.

        Columns: `registered` (name and class of the module that registered it; empty where none did), `requires_grad`,
        `reached_by` and `severed_from` (backward calls, `file:line`, to whose loss it has a way with a gradient, or only one
        without), how often it had a gradient, `owners` (parameter groups that hold it), `steps_moved` and `steps_unmoved` (deep
        steps with a gradient that is not zero that changed it, or did not), `same_object` (one tensor has gone by
        its name throughout), `origin` of its values, `copied_from` (parameters), `written` (writes to it by the script), and the
        lines that made it, froze it, wrote to it last and used it first.
        """
        import pandas as pd

        names = [parameter.name for parameter in self.record.parameters]
        reaches = [seen.observed for seen in self.record.observations if isinstance(seen.observed, LossReach)]
        rows = []
        for position, account in sorted(self.record.accounts.items()):
            counts = self.record.parameters[position].counts
            severed = [one for one in reaches if any(position in positions for positions in one.cut.values())]
            rows.append(
                {
                    "name": names[position],
                    "registered": account.registered,
                    "requires_grad": account.requires_grad,
                    "reached_by": ", ".join(_place(one.site) for one in reaches if position in one.reached),
                    "severed_from": ", ".join(_place(one.site) for one in severed if position not in one.reached),
                    "steps_flowing": counts.flowing,
                    "steps_zero": counts.zero,
                    "steps_none": counts.none,
                    "owners": account.owners,
                    "steps_moved": account.moved,
                    "steps_unmoved": account.unmoved,
                    "same_object": account.same_object,
                    "origin": account.origin,
                    "copied_from": ", ".join(names[source] for source in account.copied_from),
                    "written": account.written,
                    "made_at": _place(account.made),
                    "frozen_at": _place(account.frozen_at),
                    "last_write_at": _place(account.last_write),
                    "used_at": _place(account.used_at),
                }
            )
        return pd.DataFrame(rows, columns=list(ACCOUNT_COLUMNS)).set_index("name")

    @cached_property
    def modules(self) -> pd.DataFrame:
        """One row a module and a recorded step, indexed by module and step, for modules that own parameters.

        Column: `grad_norm`, the L2 norm over the module's and its children's parameters; NaN where it had no gradient.
        """
        import pandas as pd

        steps = self.record.steps
        columns = {}
        for module in self.record.modules:
            norms = steps.norms[:, module.parameters]
            squares = np.square(np.where(norms < 0, 0, norms), dtype=np.float64).sum(axis=1)
            columns[module.name] = np.where((norms >= 0).any(axis=1) | np.isnan(squares), np.sqrt(squares), np.nan)
        wide = pd.DataFrame(columns, index=pd.Index(steps.index, name="step"))
        wide.columns.name = "module"
        long = pd.DataFrame({"grad_norm": wide.stack(future_stack=True)})
        return long.swaplevel().sort_index(level="step", sort_remaining=False)

    @cached_property
    def metrics(self) -> pd.DataFrame:
        """One row a logged value: `metric`, `source`, `step`, `value`."""
        import pandas as pd

        frames = [
            pd.DataFrame({"metric": metric.name, "source": metric.source, "step": metric.steps, "value": metric.values})
            for metric in self.record.metrics.values()
            if len(metric.steps)
        ]
        return (
            pd.concat(frames, ignore_index=True)
            if frames
            else pd.DataFrame(columns=["metric", "source", "step", "value"])
        )

    @cached_property
    def events(self) -> pd.DataFrame:
        """One row a different call or incident: `event`, `file`, `line`, `function`, `code`, `details`, steps and count."""
        import pandas as pd

        rows = []
        both: tuple[CallSeen | IncidentSeen, ...] = (*self.record.calls, *self.record.incidents)
        for seen in both:
            event: Event = seen.call if isinstance(seen, CallSeen) else seen.incident
            fields = asdict(event)
            site = fields.pop("site")
            steps = {"first_step": seen.first_step, "last_step": seen.last_step, "count": seen.count}
            details = ", ".join(f"{key}={value}" for key, value in fields.items())
            texts = {**site, "details": details}
            plain = {key: writable(value) if isinstance(value, str) else value for key, value in texts.items()}
            rows.append({"event": type(event).__name__, **plain, **steps})
        return pd.DataFrame(rows, columns=list(EVENT_COLUMNS))

    def each_step(self) -> Iterator[Step]:
        """Yield the recorded steps one by one, oldest first."""
        from gradprobe.record.steps import each_step

        return each_step(self.record)


def open_run(run: str | os.PathLike[str] | None = None) -> Run:
    """Open a recorded run, also one that is still going on or was killed.

    Args:
        run: A run directory, or a record's file; the newest below `.gradprobe/` where none is named.

    Raises:
        RecordError: If there is no record there, or it cannot be read.
    """
    named = None if run is None else Path(run)
    return Run(read_run(named))


def _counts(counts: dict[str, int]) -> dict[str, int]:
    return {f"steps_{name}" if name != "last_flowing" else "last_step_flowing": value for name, value in counts.items()}


def _newest(values: NDArray[np.floating], norms: NDArray[np.float32]) -> float:
    """Return the value of the newest row in which the gradient was due; NaN where there was none then."""
    due = np.flatnonzero(norms != NOT_LOOKED_AT)
    return float(values[due[-1]]) if len(due) and norms[due[-1]] != NO_GRADIENT else float("nan")


def _place(site: Site | None) -> str:
    """Return `file:line`; empty where it is not known."""
    return "" if site is None or not site.line else writable(f"{site.file}:{site.line}")

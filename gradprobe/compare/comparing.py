"""The comparison: what is not as it was, the worst first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.compare.compatible import notes_on, reasons_against
from gradprobe.compare.endings import changed_endings, whole_steps
from gradprobe.compare.findings import changed_findings, unchanged_findings
from gradprobe.compare.flags import changed_flags, unchanged_flags
from gradprobe.compare.folding import folded
from gradprobe.compare.metrics import changed_metrics, metric_rows
from gradprobe.compare.norms import changed_norms, norm_rows
from gradprobe.compare.parameters import changed_parameters
from gradprobe.compare.states import changed_states
from gradprobe.compare.times import changed_step_time, step_time
from gradprobe.compare.view import view
from gradprobe.errors import UsageError
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ComparedRun, Comparison, Effect

if TYPE_CHECKING:
    from gradprobe.compare.source import Source

WARM_UP: Final = 0.1
"""Share of the steps, at the beginning, that norms and durations are not compared by."""
_EFFECTS: Final = tuple(Effect)
_SEVERITIES: Final = tuple(Severity)


def compare(baselines: Sequence[Source], new: Source, *, force: bool = False) -> Comparison:
    """Return what changed between one or several baselines and a new run.

    Args:
        baselines: Runs that are the measure; at least one.
        new: The run that is measured.
        force: Whether to compare runs on what they share that should not be compared.

    Raises:
        UsageError: If they should not be compared, and it is not forced.
    """
    reasons = reasons_against(baselines, new)
    if reasons and not force:
        raise UsageError(
            f"expected runs of one program, found that {'; '.join(dict.fromkeys(reasons))}; name others, or compare them on "
            "what they share with --force"
        )
    steps = min(whole_steps(one.report.run) for one in (*baselines, new))
    warm_up = int(steps * WARM_UP)
    before, after = [view(one, steps) for one in baselines], view(new, steps)
    norms = norm_rows(before, after, warm_up, steps - 1) if steps else ()
    metrics = metric_rows(before, after, steps - 1) if steps else ()
    time = step_time(before, after, warm_up, steps - 1) if steps else None
    changes = (
        *changed_findings(before, after),
        *changed_endings(before, after),
        *changed_flags(before, after),
        *(changed_states(before, after) if steps else ()),
        *(changed_parameters(before, after) if steps else ()),
        *changed_norms(norms),
        *changed_metrics(metrics),
        *changed_step_time(time),
    )
    forced = [f"Compared because of --force, although {reason}." for reason in dict.fromkeys(reasons)]
    return Comparison(
        gradprobe=new.report.gradprobe,
        baselines=tuple(_side(one) for one in baselines),
        new=_side(new),
        steps=steps,
        warm_up=warm_up,
        changes=tuple(sorted(folded(changes), key=_order)),
        unchanged=unchanged_findings(before, after),
        unchanged_flags=unchanged_flags(before, after),
        norms=norms,
        metrics=metrics,
        step_time=time,
        notes=(*forced, *notes_on(baselines, new, steps)),
    )


def _side(source: Source) -> ComparedRun:
    kind = "report" if source.record is None else "record"
    return ComparedRun(source.name, kind, source.report.run, source.report.verdict)


def _order(change: Change) -> tuple[int, int]:
    return _EFFECTS.index(change.effect), _SEVERITIES.index(change.severity)

"""Whether runs can be compared at all, and what was left out where they can."""

from __future__ import annotations

import ntpath
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from gradprobe.compare.endings import failed
from gradprobe.compare.nesting import counted
from gradprobe.text.figures import plural

if TYPE_CHECKING:
    from gradprobe.compare.source import Source
    from gradprobe.values import RunFacts


def reasons_against(baselines: Sequence[Source], new: Source) -> tuple[str, ...]:
    """Return why runs should not be compared, in sentences; none where they can be.

    Args:
        baselines: The runs that are the measure.
        new: The run that is measured.
    """
    return tuple(reason for base in baselines for reason in _reasons(base, new))


def _reasons(base: Source, new: Source) -> Iterator[str]:
    here, there = base.report.run, new.report.run
    if _script(here) != _script(there):
        yield f"{base.name} is a run of {_script(here)}, {new.name} one of {_script(there)}"
    if here.ranks != there.ranks:
        yield f"{base.name} has {plural(here.ranks, 'rank')}, {new.name} {plural(there.ranks, 'rank')}"
    if not here.steps:
        yield f"{base.name} has no training step"
    if not there.steps and not failed(there):
        yield f"{new.name} has no training step"
    roots, others = _roots(base), _roots(new)
    if roots and others and not set(roots) & set(others):
        yield f"no root module of {base.name} ({counted(roots)}) is in {new.name} ({counted(others)})"


def notes_on(baselines: Sequence[Source], new: Source, steps: int) -> tuple[str, ...]:
    """Return what was not compared of runs that were, in sentences.

    Args:
        baselines: The runs that are the measure.
        new: The run that is measured.
        steps: Steps that all of them have.
    """
    return tuple(
        dict.fromkeys((*_on_steps(baselines, new, steps), *_on_reports(baselines, new), *_on_facts(baselines, new)))
    )


def _on_steps(baselines: Sequence[Source], new: Source, steps: int) -> Iterator[str]:
    for one in (*baselines, new):
        if one.report.run.steps > steps:
            yield (
                f"{one.name} has {plural(one.report.run.steps, 'step')}: gradients, losses and durations were compared over the "
                f"first {steps:,}, which all runs have; findings and flags are those of whole runs."
            )
    if new.report.run.steps < steps or not steps:
        yield "No step is common to all runs: gradients, losses and durations were not compared."


def _on_reports(baselines: Sequence[Source], new: Source) -> Iterator[str]:
    for one in (*baselines, new):
        if one.record is None:
            yield (
                f"{one.name} is a report: its norms are those of the whole run, their spread is made of the smallest and the "
                "largest, and it has no names of parameters, no series of losses and no durations of steps."
            )


def _on_facts(baselines: Sequence[Source], new: Source) -> Iterator[str]:
    run = new.report.run
    for base in baselines:
        other = base.report.run
        for what, then, now in (
            ("device", other.device, run.device),
            ("torch", other.torch, run.torch),
            ("Python", other.python, run.python),
        ):
            if then != now:
                yield (
                    f"{base.name} ran with {what} {then or 'unknown'}, {new.name} with {now or 'unknown'}: durations of steps "
                    "were not compared."
                )
        if base.report.gradprobe != new.report.gradprobe:
            yield (
                f"{base.name} was judged by gradprobe {base.report.gradprobe}, {new.name} by {new.report.gradprobe}: findings may "
                "differ because checks do."
            )
    if run.stopped_by is None and not run.is_gone:
        yield f"{new.name} is still going on, or was killed: what it would have come to was not seen."
    if run.ranks > 1:
        yield f"Of the {run.ranks} ranks of each run, the first was compared."


def _script(run: RunFacts) -> str:
    return run.script if run.script.startswith("-m ") else ntpath.basename(run.script.rstrip("/\\")) or run.script


def _roots(source: Source) -> list[str]:
    return [module.name for module in source.report.modules if not module.depth and module.parameters]

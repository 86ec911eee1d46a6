"""What a run cannot tell, in sentences."""

from __future__ import annotations

from collections import Counter
from textwrap import shorten
from typing import TYPE_CHECKING

from gradprobe.engine.flags.outcome import listed
from gradprobe.engine.ranks import rank_list
from gradprobe.engine.trend import MINIMUM
from gradprobe.record.failures import first_to_fail
from gradprobe.text.figures import plural
from gradprobe.values import RecorderFailed, StepSkipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from gradprobe.record.rank import Rank
    from gradprobe.record.record import Record


def not_seen(record: Record) -> tuple[str, ...]:
    """Return what a record cannot tell, what matters most first."""
    sentences = (
        *_recorder(record),
        *_unfit(record),
        *_ending(record),
        *_skipped(record),
        *_length(record),
        *_depth(record),
        *_unstepped(record),
        *_unowned(record),
        *_ranks(record),
        *_resolution(record),
    )
    return tuple(sentences)


def _skipped(record: Record) -> list[str]:
    """Tell of steps that a gradient scaler left out: what they were made of is not in the norms."""
    skipped = sum(seen.count for seen in record.incidents if isinstance(seen.incident, StepSkipped))
    steps = record.facts.steps
    if not skipped:
        return []
    return [
        f"Steps that a gradient scaler skipped, because a gradient was not finite: {skipped}. Steps taken: {steps}."
    ]


def recorder_failed(record: Record) -> bool:
    """Return whether a fault of the recorder ended the recording before the run."""
    return any(isinstance(seen.incident, RecorderFailed) for seen in record.incidents)


def _recorder(record: Record) -> list[str]:
    """Tell that the recorder failed."""
    return [
        f"The recorder failed in step {seen.first_step} and recorded nothing after it: {seen.incident.message}"
        for seen in record.incidents
        if isinstance(seen.incident, RecorderFailed)
    ]


def _unfit(record: Record) -> list[str]:
    """Tell of packages whose loops or logs could not be looked into."""
    return [
        f"gradprobe does not fit the installed {reason}. What this package does or logs by itself was not picked up."
        for reason in record.facts.unfit
    ]


def _ending(record: Record) -> list[str]:
    """Tell how the run ended, where it did not end by itself."""
    facts = record.facts
    if facts.exception:
        kind = facts.exception.partition(":")[0]
        return [f"The script ended with {kind}: what would have come after it was not seen."]
    if facts.is_gone:
        return ["The process was killed, or ended without a word: this is the record as far as it was written."]
    if facts.exit_code is None:
        return ["The run has not ended, or it was killed: this is the record as far as it was written."]
    if facts.stopped_by == "signal":
        return ["A signal ended the script: what would have come after it was not seen."]
    return []


def _length(record: Record) -> list[str]:
    """Tell that there were no steps, or few."""
    steps = record.facts.steps
    if steps == 0 and _skipped(record):
        return []
    if steps == 0:
        wanted = "No optimizer step was recorded: expected a script that calls loss.backward() and optimizer.step()"
        found = "no such step" if record.facts.torch else "that it never imported torch"
        return [f"{wanted}, found {found}."]
    if steps < MINIMUM:
        recorded = "1 step was" if steps == 1 else f"{steps} steps were"
        return [f"Only {recorded} recorded: a trend needs {MINIMUM}, and what happens later was not seen."]
    return []


def _depth(record: Record) -> list[str]:
    """Where a module had no gradient, tell that no step was followed in depth."""
    missing = any(module.counts.none and not module.counts.flowing for module in record.modules)
    if missing and not record.facts.deep_steps:
        return ["No step was followed in depth: that a gradient is missing can be said, but not which line ends it."]
    return []


def _unstepped(record: Record) -> list[str]:
    """Tell which root modules no optimizer stepped."""
    if not record.facts.steps:
        return []
    names = [
        module.name
        for module in record.modules
        if module.depth == 0
        and module.counts.looked_at == 0
        and any(record.parameters[int(position)].trainable for position in module.parameters)
    ]
    return [f"No optimizer stepped {listed(names)}: gradients were not looked at there."] if names else []


def _unowned(record: Record) -> list[str]:
    """Tell which trainable parameters are in no optimizer, in root modules that are stepped otherwise."""
    stepped = {module.name for module in record.modules if module.depth == 0 and module.counts.looked_at}
    unowned = Counter(
        root
        for parameter in record.parameters
        if parameter.trainable and parameter.optimizer is None and parameter.counts.looked_at == 0
        for root in stepped
        if parameter.name.startswith(f"{root}.")
    )
    return [
        f"In no optimizer, and their gradients not looked at: {number} of the trainable parameters of {root}."
        for root, number in sorted(unowned.items())
    ]


def _ranks(record: Record) -> list[str]:
    """Tell how the processes of the run differ, and whose numbers these are."""
    ranks = record.ranks
    if ranks is None:
        return [_missing_ranks(record.facts.world - 1)] if record.facts.world > 1 else []
    sentences = []
    recorded = {one.number for one in ranks.all}
    if record.facts.world > len(recorded):
        sentences.append(_missing_ranks(record.facts.world - len(recorded)))
    first = first_to_fail(ranks.all)
    if first is not None:
        sentences.append(_first_end(first, ranks.all))
    steps = sorted({one.steps for one in ranks.all})
    if len(steps) > 1:
        fewest = [one.number for one in ranks.all if one.steps == steps[0]]
        sentences.append(f"Steps differ from rank to rank: {steps[0]} on {rank_list(fewest)}, {steps[-1]} at the most.")
    of_all = " (where parameters are sharded, norms are those of the whole)" if record.sharded else ""
    shown = f"The norms and losses here are those of rank {record.facts.rank} of {len(ranks.all)}{of_all}"
    kinds = len({one.likeness for one in ranks.all})
    judged = (
        f"; {1 + len(record.others)} of {kinds} kinds of ranks were judged" if kinds > 1 + len(record.others) else ""
    )
    return [*sentences, f"{shown}{judged}."]


def _missing_ranks(number: int) -> str:
    """Tell that some ranks left no record here."""
    return f"No record of {number} {'other rank' if number == 1 else 'other ranks'} of this job is here: what they did was not seen."


def _first_end(first: Rank, ranks: Sequence[Rank]) -> str:
    """Tell which process ended first, when, and how."""
    how = (
        "it was killed, or ended without a word"
        if first.is_gone
        else first.exception
        or ("a signal ended it" if first.stopped_by == "signal" else f"exit code {first.exit_code}")
    )
    newest = max(one.ended for one in ranks)
    before = (
        f", {newest - first.ended:.1f} s before the last" if len(ranks) > 1 and newest - first.ended >= 0.05 else ""
    )
    told = f"Rank {first.number} failed first, after {plural(first.steps, 'step')}{before}: {how}"
    return shorten(told, 300, placeholder=" …").rstrip(".") + "."


def _resolution(record: Record) -> list[str]:
    """Tell what was thinned."""
    sentences = []
    thinned = int(record.steps.span[record.steps.span > 1].sum())
    if thinned:
        sentences.append(
            f"{thinned} older steps were thinned: of every few, lowest, highest and newest norms are kept."
        )
    return sentences

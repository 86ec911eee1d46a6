"""Which flags of the policy turned."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.values import Colour, Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.compare.view import View
    from gradprobe.values import Flag

_RANK: Final = {Colour.GREEN: 0, Colour.GREY: 0, Colour.AMBER: 1, Colour.RED: 2}
_SEVERITY: Final = {1: Severity.WARNING, 2: Severity.ERROR}


def changed_flags(baselines: Sequence[View], new: View) -> Iterator[Change]:
    """Yield flags that are redder than in every baseline, or greener than in all; grey counts as not yet broken."""
    before = [{flag.name: flag for flag in one.source.report.flags} for one in baselines]
    for flag in new.source.report.flags:
        theirs = [flags[flag.name] for flags in before if flag.name in flags]
        if theirs and (change := _change(theirs, flag)):
            yield change


def unchanged_flags(baselines: Sequence[View], new: View) -> tuple[Flag, ...]:
    """Return the flags that are red or amber and were as bad in a baseline."""
    before = [{flag.name: _RANK[flag.colour] for flag in one.source.report.flags} for one in baselines]
    return tuple(
        flag
        for flag in new.source.report.flags
        if 0 < _RANK[flag.colour] <= max(flags.get(flag.name, 0) for flags in before)
    )


def _change(theirs: Sequence[Flag], flag: Flag) -> Change | None:
    ranks, rank = [_RANK[one.colour] for one in theirs], _RANK[flag.colour]
    # What could not be judged has not become better.
    better = rank < min(ranks) and flag.colour is not Colour.GREY
    if not better and rank <= max(ranks):
        return None
    return Change(
        kind=ChangeKind.FLAG,
        effect=Effect.IMPROVEMENT if better else Effect.REGRESSION,
        severity=Severity.INFO if better else _SEVERITY[rank],
        subject=flag.name,
        text=f"The flag {flag.name} is {flag.colour.value}: expected {flag.expected}, observed {flag.observed}.",
        base=theirs[0].colour.value,
        new=flag.colour.value,
    )

"""What follows from a new finding is told under it, not beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from gradprobe.compare.nesting import above
from gradprobe.values import Severity
from gradprobe.values.comparison import Change, ChangeKind, Effect

if TYPE_CHECKING:
    from gradprobe.values import Finding

_FOLLOWS: Final = frozenset({ChangeKind.GRADIENT, ChangeKind.PARAMETERS, ChangeKind.NORM})
_RANK: Final = {Severity.ERROR: 2, Severity.WARNING: 1, Severity.INFO: 0}


def folded(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Return the changes, those of modules that a new finding names put to the finding, which is as grave or graver.

    Args:
        changes: Everything that changed, in any order.
    """
    causes = [change for change in changes if change.finding is not None and change.effect is Effect.REGRESSION]
    under: dict[int, list[str]] = {}
    kept = []
    for change in changes:
        cause = next((one for one in causes if _explains(one, change)), None)
        if cause is None:
            kept.append(change)
        else:
            under.setdefault(id(cause), []).append(change.text)
    return tuple(replace(one, also=(*one.also, *under[id(one)])) if id(one) in under else one for one in kept)


def _explains(cause: Change, change: Change) -> bool:
    if change.kind not in _FOLLOWS or change.effect is not Effect.REGRESSION or cause.finding is None:
        return False
    if _RANK[cause.severity] < _RANK[change.severity]:
        return False
    # The norm of a whole moves with that of its part.
    holds = change.kind is ChangeKind.NORM and any(change.subject in above(one) for one in cause.finding.modules)
    return holds or _names(cause.finding, change.subject)


def _names(finding: Finding, subject: str) -> bool:
    """Tell whether a finding names a module or parameter, or one around it."""
    named = {*finding.modules, *finding.parameters}
    return any(one in named for one in (subject, *above(subject)))

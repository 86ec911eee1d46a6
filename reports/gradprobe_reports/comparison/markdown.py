"""The comparison as Markdown, for comments on pull requests: what became worse in full, the numbers folded away.

Never over 60,000 characters, because a comment on GitHub takes 65,536; a name or a source line stays text.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Final

from gradprobe.compare.gate import headline, regressions
from gradprobe.text.figures import plural
from gradprobe.values import Severity
from gradprobe.values.comparison import Effect
from gradprobe_reports.comparison import words
from gradprobe_reports.markdown.escape import code, details, prose, table
from gradprobe_reports.markdown.findings import finding
from gradprobe_reports.places import roots

if TYPE_CHECKING:
    from gradprobe.values.comparison import Change, Comparison
    from gradprobe_reports.places import Roots

LIMIT: Final = 60_000
"""Characters."""
_MOST_REGRESSIONS: Final = 20
_MOST_LINES: Final = 30
_MOST_ROWS: Final = 60
_LONGEST: Final = 400
_SIGNS: Final = {Severity.ERROR: "🔴", Severity.WARNING: "🟡"}


def whole(comparison: Comparison) -> str:
    """Return the comparison as Markdown, never longer than the limit; parts for which there is no room are left out."""
    kept, room, left = list[str](), LIMIT - 200, 0
    for block in _blocks(comparison, roots()):
        if len(block) + 2 <= room:
            kept.append(block)
            room -= len(block) + 2
        else:
            left += 1
    if left:
        kept.append(f"Left out, because GitHub takes no longer comment: {plural(left, 'part')}.")
    return "\n\n".join(kept) + "\n"


def _blocks(comparison: Comparison, where: Roots) -> Iterator[str]:
    worse = regressions(comparison)
    sign = _SIGNS.get(worse[0].severity, "🟢") if worse else "🟢"
    yield f"## {sign} {prose(headline(comparison))}"
    yield "\n".join(f"- {label}: {prose(words.about(side))}" for label, side in words.sides(comparison))
    for number, change in enumerate(worse[:_MOST_REGRESSIONS], start=1):
        yield _regression(change, number, comparison.new.run.steps, where)
    if len(worse) > _MOST_REGRESSIONS:
        yield f"And {plural(len(worse) - _MOST_REGRESSIONS, 'more regression')}."
    for effect in (Effect.IMPROVEMENT, Effect.CHANGE):
        yield from _list(words.TITLES[effect], [change.text for change in words.of_effect(comparison, effect)])
    yield from _list("unchanged", words.unchanged(comparison))
    yield from _norms(comparison)
    yield from _metrics(comparison)
    yield from _list("notes", [*filter(None, [words.step_time(comparison)]), *comparison.notes])


def _regression(change: Change, number: int, steps: int, where: Roots) -> str:
    if change.finding is not None:
        follows = [f"- **Then:** {prose(text, _LONGEST)}" for text in change.also]
        return "\n".join([finding(change.finding, number, steps, where), *follows])
    lines = [
        f"### {number}. {change.severity.value.upper()}: {prose(change.text, _LONGEST)}",
        prose(words.turned(change)),
    ]
    if change.also:
        lines.append(f"With {', '.join(code(name, 80) for name in change.also[:4])}{_more(change.also, 4)}.")
    return "\n\n".join(lines)


def _more(of: Sequence[str], most: int) -> str:
    return f" and {len(of) - most} more" if len(of) > most else ""


def _list(title: str, texts: Sequence[str]) -> Iterator[str]:
    if texts:
        lines = [f"- {prose(text, _LONGEST)}" for text in texts[:_MOST_LINES]]
        rest = [f"- and {len(texts) - _MOST_LINES} more"] if len(texts) > _MOST_LINES else []
        yield "\n".join([f"### {title.capitalize()}", "", *lines, *rest])


def _norms(comparison: Comparison) -> Iterator[str]:
    rows = words.shown_norms(comparison.norms, _MOST_ROWS)
    if rows:
        cells = [[_strong(code(row.module, 80), row.moved), *words.norm_cells(row)] for row in rows]
        said = filter(None, (table(list(words.NORM_TITLES), cells), words.note_on_norms(comparison, rows)))
        yield details(f"Gradient norms, {words.scope(comparison)}", "\n\n".join(said))


def _metrics(comparison: Comparison) -> Iterator[str]:
    rows = comparison.metrics[:_MOST_ROWS]
    if rows:
        cells = [
            [_strong(code(row.name, 60), row.moved), *(prose(cell) for cell in words.metric_cells(row))] for row in rows
        ]
        yield details("Losses and metrics", table(list(words.METRIC_TITLES), cells))


def _strong(cell: str, moved: bool) -> str:
    return f"**{cell}**" if moved else cell

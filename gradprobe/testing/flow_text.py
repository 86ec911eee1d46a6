"""What a failure of `assert_gradients_flow` says: parameters by cause, each with the line to edit."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING, Final

from gradprobe.recorder.trial import Got
from gradprobe.testing.failure import GradientFailure
from gradprobe.text.cuts import words_for
from gradprobe.text.figures import plural
from gradprobe.text.safe import safe
from gradprobe.text.words import place

if TYPE_CHECKING:
    from gradprobe.recorder.trial import Trial
    from gradprobe.values import GradCut, Site

_MOST_NAMES: Final = 12
_WIDTH: Final = 80


@dataclass(frozen=True, slots=True)
class Cause:
    """Parameters that miss their gradient for one reason.

    Attributes:
        what: The reason, in a line.
        fix: What to do.
        names: The parameters.
        site: The line to edit; None where it is not known.
    """

    what: str
    fix: str
    names: tuple[str, ...]
    site: Site | None = None


def flow_failure(kind: str, trial: Trial, missed: Mapping[str, Got]) -> GradientFailure:
    """Return the failure.

    Args:
        kind: Class of the model.
        trial: The backward.
        missed: Parameters that are not as they should be, with what they got.
    """
    causes = [*_severed(trial, missed), *_other(trial, missed)]
    head = (
        f"expected a gradient for each of the {plural(len(trial.got), 'trainable parameter')} of {safe(kind, 60)}, "
        f"found {_counts(missed)}"
    )
    blocks = [_shown(number, cause) for number, cause in enumerate(causes, 1)]
    first = causes[0]
    where = "" if first.site is None else f" at {place(first.site.file)}:{first.site.line}"
    return GradientFailure("\n\n".join([head, *blocks]), headline=f"{first.what}{where}")


def _counts(missed: Mapping[str, Got]) -> str:
    """Return `none for 2, zero for 1`."""
    words = {Got.NONE: "none", Got.ZERO: "zero", Got.NON_FINITE: "one that is not finite"}
    counts = Counter(missed.values())
    return ", ".join(f"{word} for {counts[got]}" for got, word in words.items() if counts[got])


def _severed(trial: Trial, missed: Mapping[str, Got]) -> Iterator[Cause]:
    """Yield the lines at which gradients end, the one with most parameters first, each parameter once."""
    left = {name for name, got in missed.items() if got in (Got.NONE, Got.ZERO)}
    while left:
        hits = [(hit, cut) for cut, names in trial.cuts if (hit := _behind(cut, left & names, missed))]
        if not hits:
            return
        hit, cut = max(hits, key=lambda one: (len(one[0]), one[1].certain, -one[1].number))
        words = words_for(cut)
        yield Cause(f"the gradient ends here: {words.how}", words.fix, _ordered(hit, missed), cut.site)
        left -= hit


def _behind(cut: GradCut, names: set[str], missed: Mapping[str, Got]) -> set[str]:
    """Return whom a cut accounts for: a gradient of zero comes of rounding, and of no other cut."""
    return {name for name in names if missed[name] is Got.NONE or cut.kind in ("rounding", "draw")}


def _other(trial: Trial, missed: Mapping[str, Got]) -> Iterator[Cause]:
    """Yield what no line is known for, by what the parameters got."""
    severed = {name for cause in _severed(trial, missed) for name in cause.names}
    for got in (Got.NONE, Got.ZERO, Got.NON_FINITE):
        names = _ordered({name for name, one in missed.items() if one is got and name not in severed}, missed)
        if names:
            yield Cause(*_words(got, trial), names)


def _words(got: Got, trial: Trial) -> tuple[str, str]:
    if got is Got.ZERO:
        return (
            "the gradient is there, and zero everywhere",
            "look for a factor that is zero, a weight of the loss, a saturated or dead activation",
        )
    if got is Got.NON_FINITE:
        return (
            "the gradient holds NaN or infinity",
            "look for a logarithm, a division or a root of zero; gradprobe.watch() around the training names the line",
        )
    if not trial.was_followed:
        what = "no way leads back to these parameters" if trial.has_graph else "the loss has no graph at all"
        return what, "pass a callable that makes the loss, lambda: criterion(model(x), y), and the line is named"
    return (
        "no way leads from these parameters to the loss",
        "use what they compute in what the loss is made of, take them out of the model, or name them in allow=(…)",
    )


def _ordered(names: Collection[str], missed: Mapping[str, Got]) -> tuple[str, ...]:
    return tuple(name for name in missed if name in names)


def _shown(number: int, cause: Cause) -> str:
    lines = _folded(cause.what, f"{number:>2}  ")
    if cause.site is not None:
        inside = f" in {safe(cause.site.function, 80)}" if cause.site.function not in ("", "<module>") else ""
        lines.append(f"    {place(cause.site.file)}:{cause.site.line}{inside}")
        lines += [f"    > {cause.site.line} | {safe(cause.site.code, 100)}"] if cause.site.code else []
    shown = ", ".join(safe(name, 60) for name in cause.names[:_MOST_NAMES])
    rest = len(cause.names) - _MOST_NAMES
    lines += _folded(f"{shown} and {rest} more" if rest > 0 else shown, "    of   ")
    lines += _folded(cause.fix, "    fix  ")
    return "\n".join(lines)


def _folded(text: str, label: str) -> list[str]:
    return wrap(text, _WIDTH, initial_indent=label, subsequent_indent=" " * len(label), break_on_hyphens=False)

"""A run that is going on, in a few lines: the verdict so far, what is broken, the root modules, the loss."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from rich.console import Console
from rich.text import Text

from gradprobe.text import figures, sparkline
from gradprobe.text.safe import cells, safe
from gradprobe.text.words import TROUBLE, gradient, headline
from gradprobe.values import Colour, ModuleState, Verdict

if TYPE_CHECKING:
    from gradprobe.values import Flag, MetricTrend, ModuleHealth, Report

_VERDICT: Final = {Verdict.RED: "bold red", Verdict.WARNING: "bold yellow", Verdict.HEALTHY: "bold green"}
_LOUD: Final = {Colour.RED: "bold red", Colour.AMBER: "bold yellow"}
_WIDEST_NAME, _WIDEST_LINE = 24, 40
_NORM: Final = 9


def compact(report: Report, width: int, height: int) -> list[Text]:
    """Return at most `height` lines of at most `width` cells.

    The first is the verdict. Of the others, up to half are flags that are red or amber; the rest are root modules,
    those in trouble first where there is not room for all, and the first metric.
    """
    if height <= 0:
        return []
    loud = [flag for flag in report.flags if flag.colour in _LOUD]
    loud.sort(key=lambda flag: flag.colour is not Colour.RED)
    metrics = report.metrics[: 1 if height > 2 else 0]
    flags = loud[: max((height - 1) // 2, 1) if height > 1 else 0]
    roots = _roots(report.modules, height - 1 - len(flags) - len(metrics))
    names = [one.name for one in roots] + [one.name for one in metrics]
    name = min(max((cells(safe(one)) for one in names), default=0), _WIDEST_NAME)
    lines = [_verdict(report, width), *(_flag(flag) for flag in flags)]
    words = max((len(gradient(root)) for root in roots), default=8)
    spark = max(min(width - name - words - _NORM - 6, _WIDEST_LINE), 4)
    lines += [_module(root, name, spark) for root in roots]
    lines += [_metric(metric, name, spark) for metric in metrics]
    for line in lines:
        line.truncate(width, overflow="ellipsis")
    return lines


def drawn(lines: Sequence[Text], width: int) -> list[str]:
    """Return each line as a string with the terminal's colours; without any if `NO_COLOR` is set."""
    colour = not os.environ.get("NO_COLOR")
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=colour,
        color_system="auto" if colour else None,
        force_jupyter=False,
        legacy_windows=False,
    )
    texts = []
    for line in lines:
        with console.capture() as capture:
            console.print(line, end="", no_wrap=True, crop=True, highlight=False)
        texts.append(capture.get())
    return texts


def _verdict(report: Report, width: int) -> Text:
    text = Text.assemble("── ", (headline(report, done=False), _VERDICT[report.verdict]), " ")
    return text.append("─" * max(width - text.cell_len, 0))


def _flag(flag: Flag) -> Text:
    word = (f"{flag.colour.value.upper():<5}", _LOUD[flag.colour])
    observed, expected = safe(flag.observed, 120), safe(flag.expected, 120)
    return Text.assemble(" ", word, f"  {safe(flag.name, 30)}: {observed}", (f" (expected {expected})", "dim"))


def _module(module: ModuleHealth, name: int, width: int) -> Text:
    style = "bold red" if module.state in TROUBLE else "green" if module.state is ModuleState.FLOWS else "dim"
    line = f"{sparkline.norms(module.series, width):<{width}}  {gradient(module)}"
    return Text.assemble(_named(module.name, name), f"{figures.norm(module.last):>{_NORM}}  ", (line, style))


def _metric(metric: MetricTrend, name: int, width: int) -> Text:
    line = f"{sparkline.values(metric.series, width):<{width}}  {metric.trend.value}"
    return Text(f"{_named(metric.name, name)}{figures.metric(metric.last):>{_NORM}}  {line}")


def _roots(modules: Sequence[ModuleHealth], most: int) -> list[ModuleHealth]:
    roots = [module for module in modules if module.depth == 0 and module.parameters]
    worst = sorted(range(len(roots)), key=lambda position: (roots[position].state not in TROUBLE, position))
    return [roots[position] for position in sorted(worst[: max(most, 0)])]


def _named(name: str, width: int) -> str:
    shown = safe(name, width)
    return f" {shown}{' ' * (width - cells(shown))} "

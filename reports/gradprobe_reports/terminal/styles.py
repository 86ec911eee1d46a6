"""Which colour says what. Every one of them is also a word, so that nothing is lost without colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from gradprobe.values import Colour, ModuleState, Severity, Verdict

QUIET: Final = "dim"
STRONG: Final = "bold"
WHOLE_REPORT: Final = "--report health.html"
"""The option that writes what a terminal has no room for."""
WIDEST_PROSE: Final = 100
"""Cells: longer lines are hard to read, however wide the terminal."""

VERDICT: Final[Mapping[Verdict, str]] = {
    Verdict.RED: "bold red",
    Verdict.WARNING: "bold yellow",
    Verdict.HEALTHY: "bold green",
}
SEVERITY: Final[Mapping[Severity, str]] = {
    Severity.ERROR: "bold red",
    Severity.WARNING: "bold yellow",
    Severity.INFO: "bold blue",
}
FLAG: Final[Mapping[Colour, str]] = {
    Colour.RED: "bold red",
    Colour.AMBER: "bold yellow",
    Colour.GREEN: "green",
    Colour.GREY: "dim",
}
STATE: Final[Mapping[ModuleState, str]] = {
    ModuleState.FLOWS: "green",
    ModuleState.VANISHED: "bold yellow",
    ModuleState.ZERO: "bold red",
    ModuleState.NO_GRADIENT: "bold red",
    ModuleState.SEVERED: "bold red",
    ModuleState.UNUSED: "yellow",
    ModuleState.FROZEN: "blue",
    ModuleState.NON_FINITE: "bold red",
    ModuleState.NOT_STEPPED: "dim",
}

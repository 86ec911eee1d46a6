"""`gradprobe explain`: the page of a check, or the list of all."""

from __future__ import annotations

from typing import Annotated

import typer


def explain(
    check: Annotated[
        str | None,
        typer.Argument(metavar="[CHECK]", help="Name or code of a check.", show_default=False),
    ] = None,
) -> None:
    """Explain a check: what it finds, why that is bad, how to mend it. Without a name, list all checks."""
    from gradprobe.engine.selection import choose
    from gradprobe.extensions import load_checks

    checks = load_checks()
    if check is None:
        for unit in checks:
            print(f"{unit.code}  {unit.name:<24} {_first_sentence(unit.page)}")
        return
    (unit,) = choose(checks, (check,), ())
    print(unit.page.strip())


def _first_sentence(page: str) -> str:
    """Return what a check does in one sentence, from the section of that name."""
    text = " ".join(page.partition("## What it does")[2].split())
    return f"{text.partition('. ')[0].rstrip('.')}."

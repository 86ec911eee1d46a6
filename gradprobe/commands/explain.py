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
    from gradprobe.text.pages import first_sentence

    checks = load_checks()
    if check is None:
        for unit in checks:
            print(f"{unit.code}  {unit.name:<24} {first_sentence(unit.page)}")
        return
    (unit,) = choose(checks, (check,), ())
    print(unit.page.strip())

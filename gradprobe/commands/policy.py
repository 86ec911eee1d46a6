"""`gradprobe policy`: print a policy, to read or to start one's own from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def policy(
    name: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME]",
            help="A shipped policy; by default, the one in force for the newest run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the policy in force as TOML."""
    from gradprobe.policy import load_policy, policy_text, shipped_policies

    chosen = name or _in_force()
    if name is None and chosen not in shipped_policies():
        load_policy(chosen)
        print(Path(chosen).read_text(encoding="utf-8"), end="")
        return
    print(policy_text(chosen), end="")


def _in_force() -> str:
    from gradprobe.commands.judging import policy_for
    from gradprobe.errors import RecordError
    from gradprobe.record.directory import find_record
    from gradprobe.record.reader import read_record

    try:
        facts = read_record(find_record(None)).facts
        return policy_for(facts.script, facts.policy)
    except RecordError:
        return "default"

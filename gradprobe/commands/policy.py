"""`gradprobe policy`: print a policy, to read or to start one's own from."""

from __future__ import annotations

from typing import Annotated, Optional

import typer


def policy(
    name: Annotated[
        Optional[str],  # noqa: UP045 (Typer reads these annotations at run time, on Python 3.10 too)
        typer.Argument(
            metavar="[NAME]",
            help="A shipped policy; by default, the one in force for the newest run.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Print the policy in force as TOML."""
    from gradprobe.policy import policy_text

    print(policy_text(name or _in_force()), end="")


def _in_force() -> str:
    from gradprobe.commands.judging import policy_for
    from gradprobe.errors import RecordError
    from gradprobe.record.directory import find_record
    from gradprobe.record.reader import read_record

    try:
        return policy_for(read_record(find_record(None)).facts.script, None)
    except RecordError:
        return "default"

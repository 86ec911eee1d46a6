"""`gradprobe watch`: a run that is going on, from a second terminal."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from gradprobe.commands.options import NamedRun, PolicyFile
from gradprobe.errors import UsageError


def watch(
    run: NamedRun = None,
    rank: Annotated[
        int | None, typer.Option("--rank", metavar="N", help="Show the modules of this rank; the lowest by default.")
    ] = None,
    policy: PolicyFile = None,
) -> None:
    """Show a run that is going on, until it has ended: its health, and every rank's step and loss.

    The record is read; the run is not touched. Where standard output is no terminal, prints a few lines every ten seconds.
    """
    from gradprobe.commands.judging import policy_for
    from gradprobe.extensions import load_checks
    from gradprobe.live.glance import glances
    from gradprobe.live.watch import Watching
    from gradprobe.live.watch import watch as show
    from gradprobe.policy import load_policy
    from gradprobe.record.directory import find_record, find_run, rank_files
    from gradprobe.text.words import headline, relative

    place = find_run(run) if run is None or run.is_dir() else find_record(run)

    def paths() -> list[Path]:
        return rank_files(place) if place.is_dir() else [place]

    ranks = glances(paths())
    if rank is not None and rank not in (numbers := [one.rank for one in ranks]):
        named = ", ".join(map(str, numbers))
        raise UsageError(f"expected one of the ranks {named} for --rank, found {rank}; name one of them")
    record = ranks[0].record
    script, chosen = ("", None) if record is None else (record.facts.script, record.facts.policy)
    watching = Watching(paths, rank, load_policy(policy_for(script, policy or chosen)), load_checks())
    try:
        report = show(watching, sys.stdout)
    except KeyboardInterrupt:
        raise SystemExit(0) from None
    if sys.stdout.isatty() and report is not None:
        print(headline(report))
    if report is not None and report.run.stopped_by is None and report.run.exit_code is None:
        print("the process is gone and the run has no end: it was killed")
    print(f"gradprobe report {relative(str(place if place.is_dir() else place.parent))}")
    raise SystemExit(0)

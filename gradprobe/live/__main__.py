"""`python -m gradprobe.live RUN --parent PID`: the live screen's own process, which `gradprobe run` starts."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

_NICENESS: Final = 10


def main(arguments: Sequence[str] | None = None) -> int:
    """Show the run on standard error until the parent has ended; say in one line why it cannot be shown.

    Args:
        arguments: The command line, without the program; that of the process by default.
    """
    options = _parser().parse_args(arguments)
    os.nice(_NICENESS)
    try:
        # Loaded late: the process is polite before it is busy.
        from gradprobe.live.latest import latest
        from gradprobe.live.loop import show

        os.chdir(options.directory)
        show(latest(options.run, options.policy), sys.stderr.fileno(), options.parent)
    except KeyboardInterrupt:
        return 0
    except Exception as error:
        # Training goes on; a terminal that is gone cannot be told so.
        with contextlib.suppress(OSError):
            sys.stderr.write(f"gradprobe: the live table ended ({type(error).__name__}: {error}); training goes on\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m gradprobe.live", description="Show a run that is going on.")
    parser.add_argument("run", type=Path, help="directory of the run")
    parser.add_argument("--parent", type=int, required=True, help="process whose end ends the screen")
    parser.add_argument("--policy", default="default", help="name or file of the policy")
    parser.add_argument("--directory", type=Path, default=Path(), help="working directory of the script")
    return parser


if __name__ == "__main__":
    sys.exit(main())

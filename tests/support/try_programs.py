"""`python -m tests.support.try_programs [PART …]`: run the programs whose names contain a part, one line each."""

import sys
import tempfile
from pathlib import Path

from tests.support.programs import ProgramServer, name_of, programs, verdict_on


def main() -> None:
    server, wrong, count = ProgramServer(), 0, 0
    for program in programs():
        if not sys.argv[1:] or any(part in name_of(program) for part in sys.argv[1:]):
            with tempfile.TemporaryDirectory() as folder:
                verdict = verdict_on(program, *server.run(program, Path(folder)))
            count += 1
            wrong += bool(verdict)
            print(f"{'WRONG' if verdict else 'ok   '} {name_of(program)} {verdict}", flush=True)
    print(f"{count - wrong} of {count} right")
    server.close()


if __name__ == "__main__":
    main()

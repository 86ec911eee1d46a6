"""Runs programs under `gradprobe run` in children of a process that has imported torch already: seconds less for each.

Reads one JSON object a line (`program`, `report`, `folder`), writes one (`code`, `output`).
"""

import contextlib
import io
import json
import os
import sys
import tempfile
import time
from pathlib import Path

TIMEOUT = 240


def serve() -> None:
    import torch

    import gradprobe.commands.judging
    import gradprobe.engine.judge
    import gradprobe.recorder.recorder  # noqa: F401
    import gradprobe_checks  # noqa: F401

    torch.set_num_threads(1)
    for line in sys.stdin:
        asked = json.loads(line)
        print(json.dumps(run(asked["program"], asked["report"], asked["folder"])), flush=True)


def run(program: str, report: str, folder: str) -> dict[str, object]:
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            _in_child(program, report, folder, output.fileno())
        code = _wait(child)
        output.seek(0)
        return {"code": code, "output": output.read().decode(errors="replace")[-6000:]}


def _wait(child: int) -> int:
    deadline = time.monotonic() + TIMEOUT
    while time.monotonic() < deadline:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(child, 9)
    os.waitpid(child, 0)
    return -1


def _in_child(program: str, report: str, folder: str, output: int) -> None:
    code = 70
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115
        os.chdir(folder)
        sys.argv = ["gradprobe", "run", "--quiet", "--output", str(Path(folder) / "run"), "--report", report, program]
        from gradprobe.__main__ import main

        try:
            main()
            code = 0
        except SystemExit as end:
            code = end.code if isinstance(end.code, int) else 0 if end.code is None else 1
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        with contextlib.suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


if __name__ == "__main__":
    serve()

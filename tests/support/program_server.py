"""Runs programs under `gradprobe run` in children of a process that has imported torch already: seconds less for each.

Reads one JSON object a line (`words` of the command line, `report`, `folder`, `ranks`, and the packages to have `imported`), writes
one (`code`, `output`). With several ranks it is that many children that find each other as torchrun's workers do, and one more that
judges their run.
"""

import contextlib
import gc
import importlib
import io
import json
import os
import socket
import sys
import tempfile
import time
from pathlib import Path

TIMEOUT = 240


def serve() -> None:
    import scipy.stats  # noqa: F401
    import torch
    import torch._dynamo  # Which the first optimizer of a program would import: two seconds.

    import gradprobe.commands.judging
    import gradprobe.engine.judge
    import gradprobe.recorder.recorder  # noqa: F401
    import gradprobe_checks  # noqa: F401

    torch.set_num_threads(1)
    for line in sys.stdin:
        asked = json.loads(line)
        with contextlib.redirect_stdout(sys.stderr):
            for module in asked["imported"]:
                importlib.import_module(module)
        gc.freeze()  # What is there by now is no garbage: children need not copy its pages to look for some.
        print(json.dumps(run(asked["words"], asked["report"], asked["folder"], asked["ranks"])), flush=True)


def run(words: list[str], report: str, folder: str, ranks: int) -> dict[str, object]:
    run_words = ["run", "--quiet", "--output", f"{folder}/run"]
    with tempfile.TemporaryFile() as output:
        if ranks == 1:
            code = _wait(_start([*run_words, "--report", report, *words], folder, output.fileno(), {}))
        else:
            workers = [
                _start([*run_words, *words], folder, output.fileno(), environment) for environment in _job(ranks)
            ]
            codes = [_wait(worker) for worker in workers]
            code = _wait(_start(["report", f"{folder}/run", "--report", report], folder, output.fileno(), {}))
            code = next((one for one in codes if one), code)
        output.seek(0)
        return {"code": code, "output": output.read().decode(errors="replace")[-6000:]}


def _job(ranks: int) -> list[dict[str, str]]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    shared = {"WORLD_SIZE": str(ranks), "LOCAL_WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": port}
    return [{**shared, "RANK": str(rank), "LOCAL_RANK": str(rank)} for rank in range(ranks)]


def _start(words: list[str], folder: str, output: int, environment: dict[str, str]) -> int:
    child = os.fork()
    if child == 0:
        os.environ.update(environment)
        _in_child(words, folder, output)
    return child


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


def _in_child(words: list[str], folder: str, output: int) -> None:
    code = 70
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        sys.stdout = io.TextIOWrapper(os.fdopen(1, "wb", closefd=False), write_through=True)
        sys.stderr = io.TextIOWrapper(os.fdopen(2, "wb", closefd=False), write_through=True)
        sys.stdin = Path(os.devnull).open()  # noqa: SIM115
        os.chdir(folder)
        sys.argv = ["gradprobe", *words]
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

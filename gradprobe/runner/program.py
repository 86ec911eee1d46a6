"""The program that is to be run: a script or a module, found and compiled before anything is recorded."""

from __future__ import annotations

import importlib.util
import io
import os
import sys
from dataclasses import dataclass
from importlib.abc import Loader
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType

from gradprobe.errors import UsageError


@dataclass(frozen=True, slots=True)
class Program:
    """A program ready to run.

    Attributes:
        shown: How it was named: `train.py`, `-m package.train`.
        argv: The value of `sys.argv` it sees.
        code: Its compiled source.
        file: Path of its source, as `__file__`.
        spec: The module's spec; None for a script.
        loader: What `__loader__` is.
        path: First entry of `sys.path`.
        roots: Directories whose code is the user's.
    """

    shown: str
    argv: tuple[str, ...]
    code: CodeType
    file: str
    spec: ModuleSpec | None
    loader: Loader
    path: str
    roots: tuple[Path, ...]


def script_program(script: str, arguments: list[str]) -> Program:
    """Return a script as a program, as `python script.py` would run it.

    Raises:
        UsageError: If it is not there, is a directory, cannot be read, or has a syntax error.
    """
    path = Path(script)
    if path.is_dir():
        raise UsageError(
            f"expected a training script, found a directory: {script}; name the file, or use -m for a module"
        )
    # As `python` names it (links are kept), but without `..`, for the report.
    absolute = os.path.abspath(script)  # noqa: PTH100
    try:
        with io.open_code(absolute) as file:
            source = file.read()
    except FileNotFoundError:
        raise UsageError(
            f"expected a training script, found nothing at {script}; check the path and the working directory"
        ) from None
    except OSError as error:
        raise UsageError(
            f"expected a training script, cannot read {script}: {error.strerror}; check its permissions"
        ) from error
    return Program(
        shown=script,
        argv=(script, *arguments),
        code=_compiled(source, absolute),
        file=absolute,
        spec=None,
        loader=SourceFileLoader("__main__", absolute),
        path=str(path.resolve().parent),
        roots=(Path(absolute).parent, path.resolve().parent),
    )


def module_program(name: str, arguments: list[str]) -> Program:
    """Return a module as a program, as `python -m name` would run it.

    Raises:
        UsageError: If it is not there, has no source, or has a syntax error.
    """
    directory = str(Path.cwd())
    looked_at = [] if getattr(sys.flags, "safe_path", False) else [directory]
    sys.path[:0] = looked_at
    try:
        spec = importlib.util.find_spec(name)
        if spec is not None and spec.submodule_search_locations is not None:
            spec = importlib.util.find_spec(f"{name}.__main__")
    except (ImportError, ValueError) as error:
        raise UsageError(
            f"expected a module that can be run with -m, found none named {name}: {error}; "
            "check the name and where you are"
        ) from error
    except Exception as error:  # Whatever the packages around it do when they are imported.
        raise UsageError(
            f"expected a module that can be run with -m, found that the package of {name} cannot be imported: "
            f"{type(error).__name__}: {error}; mend its __init__.py"
        ) from error
    finally:
        for entry in looked_at:
            sys.path.remove(entry)
    get_source = None if spec is None else getattr(spec.loader, "get_source", None)
    if spec is None or spec.origin is None or spec.loader is None or get_source is None:
        raise UsageError(
            f"expected a module that can be run with -m, found none named {name}; check the name and where you are"
        )
    source = get_source(spec.name)
    if source is None:
        raise UsageError(f"expected a module with source, found none for {name} at {spec.origin}; name another module")
    return Program(
        shown=f"-m {name}",
        argv=(spec.origin, *arguments),
        code=_compiled(source, spec.origin),
        file=spec.origin,
        spec=spec,
        loader=spec.loader,
        path=directory,
        roots=(Path(spec.origin).resolve().parent, Path(directory)),
    )


def _compiled(source: str | bytes, file: str) -> CodeType:
    try:
        return compile(source, file, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = f"{error.filename or file}:{error.lineno or 1}"
        raise UsageError(
            f"expected a Python script, found a syntax error: {where}: {error.msg}: {(error.text or '').strip()}; "
            "mend that line"
        ) from error
    except ValueError as error:
        raise UsageError(
            f"expected a Python script, found another kind of file: {file}: {error}; name the script's source"
        ) from error

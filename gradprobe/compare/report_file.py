"""Reads a JSON report, schema 1, back into a `Report`: less than a record, but what a baseline kept in a repository is.

Left out of it are the elements and classes of modules, the names of parameters and all series. A module's state is made from
its counts, which cannot tell that a gradient vanished or was not finite.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from gradprobe.errors import RecordError
from gradprobe.values import Allowed, Finding, Flag, MetricTrend, ModuleHealth, ModuleState, Report, RunFacts, Verdict

SCHEMA: Final = 1
"""The schema that is read."""
_ADVICE: Final = "name one that `gradprobe report --report out.json` wrote"


@dataclass(frozen=True, slots=True)
class _Norms:
    last: float | None
    median: float | None
    min: float | None
    max: float | None


@dataclass(frozen=True, slots=True)
class _Module:
    name: str
    parameters: int
    trainable: int
    grad_norm: _Norms
    steps_with_gradient: int
    steps_with_zero_gradient: int
    steps_without_gradient: int


@dataclass(frozen=True, slots=True)
class _Document:
    """What is read of the document: pydantic checks it by these annotations, and passes over what it does not know."""

    gradprobe: str
    run: RunFacts
    verdict: Verdict
    flags: tuple[Flag, ...]
    findings: tuple[Finding, ...]
    modules: tuple[_Module, ...]
    metrics: tuple[MetricTrend, ...]
    not_seen: tuple[str, ...]
    allowed: tuple[Allowed, ...] = ()


def is_report(path: Path) -> bool:
    """Tell whether a file is to be read as a JSON report: by its suffix, or because it begins as a JSON object does."""
    if path.suffix.lower() == ".json":
        return True
    try:
        with path.open("rb") as file:
            return file.read(64).lstrip().startswith(b"{")
    except OSError:
        return False


def read_report(path: Path) -> Report:
    """Read a JSON report.

    Args:
        path: The file.

    Raises:
        RecordError: If it is missing, no JSON, of another schema, or lacks what the schema asks for.
    """
    from pydantic import TypeAdapter, ValidationError

    document = _json(path)
    if document.get("kind") == "comparison":
        raise RecordError(f"expected a report, found a comparison of runs in {path}; {_ADVICE}")
    found = document.get("schema")
    if found != SCHEMA:
        what = f"schema {found}" if isinstance(found, int) else "a document without a schema number"
        raise RecordError(f"expected a report of schema {SCHEMA}, found {what} in {path}; {_ADVICE}")
    try:
        read = TypeAdapter(_Document).validate_python(_reshaped(document, path))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise RecordError(
            f"expected a report of schema {SCHEMA}, found {where}: {first['msg'].lower()} in {path}; {_ADVICE}"
        ) from error
    return Report(
        gradprobe=read.gradprobe,
        run=read.run,
        verdict=read.verdict,
        flags=read.flags,
        findings=read.findings,
        modules=_modules(read.modules),
        metrics=read.metrics,
        not_seen=read.not_seen,
        allowed=read.allowed,
    )


def _json(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise RecordError(f"expected a report at {path}, cannot read it: {error.strerror}; {_ADVICE}") from error
    except (ValueError, RecursionError) as error:
        reason = " ".join(str(error).split())
        raise RecordError(f"expected a JSON report, found no JSON in {path} ({reason}); {_ADVICE}") from error
    if not isinstance(document, dict):
        raise RecordError(f"expected a JSON report, found a {type(document).__name__} in {path}; {_ADVICE}")
    return document


def _reshaped(document: dict[str, Any], path: Path) -> dict[str, Any]:
    """Return the document with what the values hold and it does not: a run's place, a related site apart from its role."""
    run, findings = document.get("run"), document.get("findings")
    if isinstance(run, dict):
        run = {**run, "path": str(path), "policy": ""}
    if isinstance(findings, list):
        findings = [_with_sites(one) if isinstance(one, dict) else one for one in findings]
    return {**document, "run": run, "findings": findings}


def _with_sites(finding: dict[str, Any]) -> dict[str, Any]:
    related = finding.get("related")
    if not isinstance(related, list):
        return finding
    apart = [{"site": one, "role": one.get("role")} if isinstance(one, dict) else one for one in related]
    return {**finding, "related": apart}


def _modules(read: tuple[_Module, ...]) -> tuple[ModuleHealth, ...]:
    depths: dict[str, int] = {}
    for module in read:
        parts = module.name.split(".")
        above = (".".join(parts[:length]) for length in range(len(parts) - 1, 0, -1))
        depths[module.name] = next((depths[name] + 1 for name in above if name in depths), 0)
    return tuple(
        ModuleHealth(
            name=module.name,
            type="",
            depth=depths[module.name],
            parameters=module.parameters,
            elements=0,
            trainable=module.trainable,
            last=module.grad_norm.last,
            median=module.grad_norm.median,
            smallest=module.grad_norm.min,
            largest=module.grad_norm.max,
            steps_with_gradient=module.steps_with_gradient,
            steps_with_zero_gradient=module.steps_with_zero_gradient,
            steps_without_gradient=module.steps_without_gradient,
            state=_state(module),
        )
        for module in read
    )


def _state(module: _Module) -> ModuleState:
    if module.steps_with_gradient:
        return ModuleState.FLOWS
    if not module.trainable:
        return ModuleState.FROZEN
    if module.steps_with_zero_gradient:
        return ModuleState.ZERO
    return ModuleState.NO_GRADIENT if module.steps_without_gradient else ModuleState.NOT_STEPPED

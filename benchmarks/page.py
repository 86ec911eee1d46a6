"""The tables, as markdown, and the page they stand on."""

from __future__ import annotations

import argparse
import datetime
import os
import platform
import re
import statistics
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import torch

from benchmarks import processes
from benchmarks.steps import Cost, Samples, cost
from benchmarks.work import LanguageModel, Shape


def machine(device: torch.device) -> list[str]:
    """Return what was measured where and when."""
    installed = [f"{name} {installed_version(name)}" for name in ("gradprobe", "transformers", "lightning", "wandb")]
    load = ", ".join(f"{value:.2f}" for value in os.getloadavg())
    accelerator = f"{torch.cuda.get_device_name(device)}, " if device.type == "cuda" else ""
    return [
        f"Measured on {datetime.datetime.now(datetime.timezone.utc).date().isoformat()} on {accelerator}{processor()}, "
        f"{len(os.sched_getaffinity(0))} cores (load averages before: {load}), {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}, {', '.join(installed)}."
    ]


def processor() -> str:
    """Return the model of the CPU."""
    information = Path("/proc/cpuinfo")
    found = (
        re.search(r"^model name\s*:\s*(.*)$", information.read_text(), re.MULTILINE) if information.exists() else None
    )
    return found[1] if found else platform.processor() or platform.machine()


def installed_version(name: str) -> str:
    """Return the version of a package, or that it is not installed."""
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def scenario_title(shape: Shape, batch: int, threads: int, device: str, bare: Samples) -> str:
    """Return the heading above a table of contenders."""
    with torch.device("meta"):
        parameters = list(LanguageModel(shape).parameters())
    elements = sum(parameter.numel() for parameter in parameters) / 1e6
    where = "bf16 autocast on the GPU" if device == "cuda" else f"{threads} CPU thread{'s' if threads > 1 else ''}"
    return (
        f"**{batch} × {shape.context} tokens a step, {where}**: {shape.blocks} blocks of width {shape.width}, "
        f"{len(parameters)} parameter tensors, {elements:.1f} M parameters; the bare step takes "
        f"{1000 * statistics.median(bare.all):.1f} ms; {len(bare.blocks)} blocks of {len(bare.blocks[0])} steps each."
    )


def cost_table(
    names: Sequence[str],
    costs: Mapping[str, Cost],
    missing: Mapping[str, str],
    reads: Mapping[str, float | str],
) -> list[str]:
    """Return the table of contenders; those that could not run say why."""
    rows = []
    for name in names:
        cells = cost_cells(costs[name]) if name in costs else [f"not measured: {missing[name]}", "", "", ""]
        seen = reads[name]
        rows.append([name, *cells, f"not measured: {seen}" if isinstance(seen, str) else f"{seen:g}"])
    head = ["", "median", "mean", "mean by block, quartiles", "99th percentile", "host reads added a step"]
    return table(head, rows)


def cost_cells(price: Cost) -> list[str]:
    """Return the cells of one contender."""
    return [
        f"{price.medians:.3f}×",
        f"{price.means:.3f}×",
        " / ".join(f"{ratio:.3f}" for ratio in price.quartiles),
        f"{1000 * price.tail:.1f} ms",
    ]


def run_table(runs: Mapping[str, Samples]) -> list[str]:
    """Return the table of whole processes; the first step stands apart."""
    later = {name: Samples([block[1:] for block in samples.blocks]) for name, samples in runs.items()}
    bare = later[processes.BARE.name]
    rows = []
    for name, samples in runs.items():
        first = 1000 * statistics.median(block[0] for block in samples.blocks)
        rows.append([name, *cost_cells(cost(later[name], bare)), f"{first:.0f} ms"])
    head = ["", "median", "mean", "mean by process, quartiles", "99th percentile", "the first step (median)"]
    about = f"{len(bare.blocks)} processes of each kind in turn, {len(bare.blocks[0])} steps after the first in each."
    return [about, "", *table(head, rows)]


def start_table(places: Mapping[str, Mapping[str, Sequence[float]]]) -> list[str]:
    """Return the table of start-up times."""
    rows = []
    for place, seconds in places.items():
        bare, live = (statistics.median(seconds[launcher.name]) for launcher in (processes.BARE, processes.LIVE))
        rows.append([place, f"{bare:.3f} s", f"{live:.3f} s", f"{live - bare:.3f} s"])
    count = len(next(iter(next(iter(places.values())).values())))
    head = ["from the start of the process to", "`python script.py`", "`gradprobe run script.py`", "added"]
    return [f"Medians of {count} starts of each kind, in turn.", "", *table(head, rows)]


def report_lines(seconds: Sequence[float], size: int) -> list[str]:
    """Return what a report of a large record takes."""
    return [
        f"`gradprobe report` of a record of 100,000 steps × 500 modules (900 parameter tensors, "
        f"{size / 2**20:.0f} MiB), as a whole process: {statistics.median(seconds):.2f} s (median of {len(seconds)}; "
        f"{min(seconds):.2f} s to {max(seconds):.2f} s)."
    ]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    """Return a markdown table, its columns of figures aligned to the right."""
    rule = ["---", *["---:"] * (len(head) - 1)]
    return ["| " + " | ".join(cells) + " |" for cells in (head, rule, *rows)]


def split(page: Path, device: str) -> tuple[str, str]:
    """Return what stands on the page up to and from the device's markers, these included.

    Raises:
        SystemExit: If the page has no such markers.
    """
    begin, end = f"<!-- measured: {device} -->", f"<!-- end: {device} -->"
    text = page.read_text(encoding="utf-8") if page.exists() else ""
    if begin not in text or end not in text:
        raise SystemExit(
            f"expected the lines {begin} and {end} in {page}, did not find them; add them where the tables belong"
        )
    return text.partition(begin)[0] + begin, end + text.partition(end)[2]


def put(page: Path, device: str, lines: Sequence[str]) -> None:
    """Replace what stands on the page between the device's markers."""
    before, after = split(page, device)
    page.write_text("\n".join([before, *lines, after]), encoding="utf-8")


def check(parser: argparse.ArgumentParser, options: argparse.Namespace, device: str) -> None:
    """End with a message where there are too few blocks or steps, or no place on the page: before an hour of measuring, not after.

    Args:
        parser: Says what is wrong.
        options: `rounds`, `steps` and `write`.
        device: The name in the page's markers.
    """
    if options.rounds < 2 or options.steps < 1:
        parser.error(
            f"expected --rounds of 2 or more and --steps of 1 or more, found {options.rounds} and {options.steps}"
        )
    if options.write:
        split(options.write, device)


def publish(lines: Sequence[str], page: Path | None, device: str) -> None:
    """Print what was measured, and put it on the page between the device's markers, if there is a page."""
    print("\n".join(lines))
    if page is not None:
        put(page, device, lines)

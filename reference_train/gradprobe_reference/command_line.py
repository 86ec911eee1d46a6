"""The command line: `python -m gradprobe_reference --epochs 10 --agent_lr 1e-5 --device cuda --max_batches 500`."""

import argparse
import math
import sys
from collections.abc import Sequence
from typing import NoReturn

import torch

from gradprobe_reference.faults import FAULTS, Fault, fault_site
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.qwen import QwenModelError
from gradprobe_reference.reporting import print_and_log
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train

_DEFAULTS = Settings()


class _OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line on stderr, exit code 2."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{self.prog}: error: {message} (see --help)\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program with these arguments, or those of the process; return its exit code."""
    parser = _parser()
    arguments = parser.parse_args(_with_hyphens(sys.argv[1:] if argv is None else argv))
    if arguments.list_faults:
        for name in FAULTS:
            print(_described(FAULTS[name]))
        return 0
    fault = _fault(parser, arguments.fault)
    device = _device(parser, arguments.device)
    settings = Settings(
        epochs=arguments.epochs,
        max_batches=arguments.max_batches,
        agent_lr=arguments.agent_lr,
        qwen_lr=arguments.qwen_lr,
        qwen_model=arguments.qwen_model,
        device=device,
        mixed_precision=device.startswith("cuda") or (fault is not None and fault.needs_mixed_precision),
        seed=arguments.seed,
    )
    try:
        if fault is None:
            train(settings, Pieces(), print_and_log)
        else:
            fault.train(settings, fault.pieces, print_and_log)
    except QwenModelError as error:
        parser.error(f"argument --qwen-model: {error}")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = _OneLineParser(
        prog="gradprobe_reference",
        description="Train the ARC agent that Qwen prompts through an RL policy. Options may be written with _ for -.",
        allow_abbrev=False,
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--epochs", type=_count, default=_DEFAULTS.epochs, help="passes over the pairs, of 50 batches")
    parser.add_argument("--max-batches", type=_count, metavar="N", help="end after this many batches of the whole run")
    parser.add_argument("--agent-lr", type=_rate, default=_DEFAULTS.agent_lr, help="learning rate of the agent")
    parser.add_argument("--qwen-lr", type=_rate, default=_DEFAULTS.qwen_lr, help="learning rate of Qwen")
    parser.add_argument("--qwen-model", metavar="PATH_OR_ID", help="a Qwen2 to load in place of the small one")
    parser.add_argument("--device", default="auto", help="auto, cpu, cuda or cuda:N")
    parser.add_argument("--seed", type=int, default=_DEFAULTS.seed, help="seed of everything random")
    parser.add_argument("--fault", metavar="NAME", help="plant a fault, see --list-faults")
    parser.add_argument("--list-faults", action="store_true", help="describe the faults that can be planted")
    return parser


def _with_hyphens(argv: Sequence[str]) -> list[str]:
    """Write option names with hyphens, as `--max_batches=5` to `--max-batches=5`; values stay as they are."""
    return [_hyphenated(word) if word.startswith("--") else word for word in argv]


def _hyphenated(option: str) -> str:
    name, equals, value = option.partition("=")
    return name.replace("_", "-") + equals + value


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number of at least 1, found {text!r}")
    return int(text)


def _rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        rate = math.nan
    if not (math.isfinite(rate) and rate >= 0):
        raise argparse.ArgumentTypeError(f"expected a learning rate of zero or more, found {text!r}")
    return rate


def _fault(parser: argparse.ArgumentParser, name: str | None) -> Fault | None:
    if name is not None and name not in FAULTS:
        parser.error(f"argument --fault: there is no fault {name!r}; choose from {', '.join(FAULTS)}")
    return None if name is None else FAULTS[name]


def _device(parser: argparse.ArgumentParser, name: str) -> str:
    if name == "auto":
        return "cuda" if torch.cuda.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        parser.error(f"argument --device: {name!r} is no device; expected auto, cpu, cuda or cuda:N")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        found = f"{torch.cuda.device_count()} CUDA devices"
        parser.error(f"argument --device: {name} was asked for, but torch finds {found} here; use --device cpu")
    if device.type not in ("cpu", "cuda"):
        parser.error(f"argument --device: this program runs on cpu and cuda, not on {device.type}")
    return name


def _described(fault: Fault) -> str:
    file, line = fault_site(fault.name)
    return (
        f"{fault.name}\n  wrote    {fault.wrote}\n  follows  {fault.follows}\n  seen     {fault.seen}\n"
        f"  site     {file}:{line}"
    )

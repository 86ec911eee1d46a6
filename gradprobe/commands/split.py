"""Whose argument is it: gradprobe's, or the program's that it runs.

`gradprobe run [OPTIONS] [SCRIPT | -m MODULE] [ARGS…]`: what stands after the script is the script's.
Without a script the reference loop runs, and options that gradprobe does not know are its.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from gradprobe.errors import UsageError


@dataclass(frozen=True, slots=True)
class Split:
    """A command line, divided.

    Attributes:
        own: Options of `gradprobe run`, spelled with dashes.
        script: The script; None where there is none.
        module: The module after `-m`; None where there is none.
        rest: Arguments of the script or module, or options of the reference loop.
    """

    own: tuple[str, ...]
    script: str | None
    module: str | None
    rest: tuple[str, ...]


def split(arguments: Sequence[str], takes_value: Mapping[str, bool]) -> Split:
    """Divide the arguments of `gradprobe run`.

    Args:
        arguments: What stands after `run`.
        takes_value: For each option of `gradprobe run`, whether a value follows it.

    Raises:
        UsageError: If an option before a script is not known, or `-m` has no module.
    """
    own: list[str] = []
    unknown: list[str] = []
    position = 0
    while position < len(arguments):
        word = arguments[position]
        position += 1
        following = arguments[position:]
        if word == "--":
            return _program(own, unknown, following, takes_value)
        if word == "-m":
            if not following:
                raise UsageError(
                    "expected the name of a module after -m, found nothing; write `gradprobe run -m package.train`"
                )
            _expect_none(unknown, takes_value)
            return Split(tuple(own), None, following[0], tuple(following[1:]))
        if not word.startswith("-") or word == "-":
            return _program(own, unknown, arguments[position - 1 :], takes_value)
        name, equals, value = _spelled(word)
        if name in takes_value:
            own.append(f"{name}{equals}{value}")
            if takes_value[name] and not equals and following:
                own.append(following[0])
                position += 1
            continue
        unknown.append(word)
        if not equals and following and not _is_option(following[0]) and not following[0].endswith(".py"):
            unknown.append(following[0])
            position += 1
    return Split(tuple(own), None, None, tuple(unknown))


def _program(own: list[str], unknown: list[str], words: Sequence[str], takes_value: Mapping[str, bool]) -> Split:
    _expect_none(unknown, takes_value)
    if not words:
        return Split(tuple(own), None, None, ())
    return Split(tuple(own), words[0], None, tuple(words[1:]))


def _expect_none(unknown: Sequence[str], takes_value: Mapping[str, bool]) -> None:
    if unknown:
        near = get_close_matches(_spelled(unknown[0])[0], list(takes_value), n=1)
        hint = f"did you mean {near[0]}?" if near else "`gradprobe run --help` lists them"
        raise UsageError(
            f"expected an option of `gradprobe run` before the script, found {unknown[0]}; {hint} "
            "(options of the script stand after it)"
        )


def _spelled(word: str) -> tuple[str, str, str]:
    """Return an option's name with `-` for `_`, the equals sign if there is one, and the value after it."""
    name, equals, value = word.partition("=")
    return (name.replace("_", "-") if name.startswith("--") else name), equals, value


def _is_option(word: str) -> bool:
    return word.startswith("-") and not word.removeprefix("-").replace(".", "", 1).isdigit() and not Path(word).exists()

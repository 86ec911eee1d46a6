"""Reads a policy: one that is shipped, by its name, or a file."""

from __future__ import annotations

import sys
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING

from gradprobe.errors import PolicyError

if TYPE_CHECKING:
    from gradprobe.policy.schema import Policy


def shipped_policies() -> tuple[str, ...]:
    """Return the names of the policies that come with gradprobe."""
    folder = files("gradprobe.policy").joinpath("shipped")
    return tuple(sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml")))


def policy_text(name: str) -> str:
    """Return the TOML of a shipped policy, comments included, to print or to start one's own from.

    Raises:
        PolicyError: If no policy of that name is shipped.
    """
    if name not in shipped_policies():
        raise PolicyError(
            f"expected one of {', '.join(shipped_policies())}, found {_shown(name)}: no policy of that name is shipped"
        )
    return files("gradprobe.policy").joinpath("shipped").joinpath(f"{name}.toml").read_text(encoding="utf-8")


def load_policy(path_or_name: str | Path) -> Policy:
    """Return a policy, validated.

    Args:
        path_or_name: The name of a shipped policy (which wins over a file of that name; write `./default` for the
            file), or a file.

    Raises:
        PolicyError: If it cannot be read or does not validate; one line with the file, the line where it can be found,
        the key, what
            was expected, what was found, and what to do.
    """
    if isinstance(path_or_name, str) and path_or_name in shipped_policies():
        return parse_policy(policy_text(path_or_name), path_or_name)
    return parse_policy(_read(path_or_name), str(path_or_name))


def parse_policy(text: str, source: str) -> Policy:
    """Return the policy that a TOML text describes.

    Args:
        text: TOML.
        source: What to call it in errors; its file.

    Raises:
        PolicyError: If it does not validate.
    """
    from pydantic import ValidationError

    from gradprobe.policy.explain import explain
    from gradprobe.policy.schema import Policy

    table = _parse(text, source)
    if not table:
        raise PolicyError(
            f"{_shown(source)}: expected schema = 1, a name and at least one [[flag]], found nothing; "
            "start from `gradprobe policy`"
        )
    try:
        return Policy.model_validate(table)
    except ValidationError as error:
        raise PolicyError(explain(error, text, _shown(source))) from None


def _read(path: str | Path) -> str:
    """Return the text of a policy file."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise PolicyError(
            f"{_shown(path)}: expected a policy file or one of {', '.join(shipped_policies())}, found no such file; "
            "`gradprobe policy` prints one to start from"
        ) from None
    except UnicodeDecodeError as error:
        raise PolicyError(
            f"{_shown(path)}: expected TOML in UTF-8, found the byte {error.object[error.start]:#04x}; save it as UTF-8"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise PolicyError(f"{_shown(path)}: expected a readable policy file, found: {_shown(reason)}") from None


def _parse(text: str, source: str) -> dict[str, object]:
    """Return TOML as a dictionary."""
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib  # type: ignore[import-not-found,unused-ignore]
    try:
        table: dict[str, object] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise PolicyError(f"{_shown(source)}: expected TOML, found: {_shown(error)}") from None
    return table


def _shown(value: object) -> str:
    """Return text for one line of an error: without line breaks or control characters, and not too long."""
    text = "".join(character if character.isprintable() else " " for character in str(value))
    return text if len(text) <= 300 else text[:297] + "..."

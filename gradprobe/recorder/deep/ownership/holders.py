"""Who holds a tensor that no module registered: an attribute of a module, an item of a list or a dict in one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, NamedTuple

import torch

MOST_ITEMS: Final = 256
"""Items of a container that are looked at."""
DEEPEST: Final = 3
"""Containers within containers that are looked into."""
_OWN: Final = frozenset(vars(torch.nn.Module()))


class Holding(NamedTuple):
    """Where a tensor is held.

    Attributes:
        name: The name it goes by, `model.layer1.rel_weight.cites`.
        attribute: The attribute that holds it or its container, `model.layer1.rel_weight`.
        kind: `attribute`, `list`, `tuple`, `set`, `dict` or `object`.
        classes: Names of the classes of the module that has the attribute, its own first.
    """

    name: str
    attribute: str
    kind: str
    classes: tuple[str, ...]


def holdings(roots: Iterable[tuple[str, torch.nn.Module]]) -> dict[int, Holding]:
    """Return by identity the leaves that modules hold without having registered them."""
    found: dict[int, Holding] = {}
    for root_name, root in roots:
        for path, module in root.named_modules():
            classes = tuple(kind.__qualname__ for kind in type(module).__mro__[:-1])
            for attribute, value in list(vars(module).items()):
                if attribute in _OWN or attribute == "_modules":
                    continue
                name = ".".join(part for part in (root_name, path, attribute) if part)
                for inner, kind, tensor in _held(name, "attribute", value, 0):
                    found.setdefault(id(tensor), Holding(inner, name, kind, classes))
    return found


def registered(roots: Iterable[tuple[str, torch.nn.Module]]) -> tuple[set[int], set[int]]:
    """Return the identities of the parameters that modules have registered, and of those whose module evaluates."""
    all_of_them: set[int] = set()
    evaluating: set[int] = set()
    for _, root in roots:
        for module in root.modules():
            own = {id(one) for one in module._parameters.values() if one is not None}
            all_of_them |= own
            if not module.training:
                evaluating |= own
    return all_of_them, evaluating


def _held(name: str, kind: str, value: object, depth: int) -> Iterator[tuple[str, str, torch.Tensor]]:
    """Yield (name, kind of container, leaf) for what an attribute holds."""
    if isinstance(value, torch.Tensor):
        if value.requires_grad:
            yield name, kind, value
    elif isinstance(value, torch.nn.Module):
        for path, parameter in value.named_parameters():
            yield f"{name}.{path}", kind, parameter
    elif depth >= DEEPEST:
        return
    elif isinstance(value, (list, tuple, set, frozenset, dict)):
        inner = "dict" if isinstance(value, dict) else "list" if isinstance(value, list) else type(value).__name__
        inner = inner if inner in ("dict", "list", "set") else "tuple"
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for _, (key, item) in zip(range(MOST_ITEMS), list(items), strict=False):
            yield from _held(f"{name}.{key}", inner, item, depth + 1)
    elif type(value).__module__ not in ("builtins", "torch"):
        attributes = _attributes(value)
        for attribute, item in list(attributes.items())[:MOST_ITEMS]:
            yield from _held(f"{name}.{attribute}", "object", item, DEEPEST if depth else depth + 1)


def _attributes(value: object) -> Mapping[str, object]:
    """Return an object's own attributes without running any code of its class."""
    try:
        attributes = object.__getattribute__(value, "__dict__")
    except Exception:
        return {}
    return attributes if isinstance(attributes, dict) else {}

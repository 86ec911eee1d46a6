"""What a graph has saved, and what has become of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import torch

from gradprobe.recorder.deep import graph
from gradprobe.recorder.deep.node import Node

MOST_LOOKED_AT: Final = 20_000
"""Nodes of a graph whose saved tensors are looked at."""


@dataclass(slots=True)
class State:
    """What became of the tensors that the nodes of a graph saved.

    Attributes:
        freed: Nodes some of whose saved tensors are gone.
        modified: Nodes some of whose saved tensors were written to.
    """

    freed: list[Any]
    modified: list[Any]


def state_of(roots: list[torch.Tensor]) -> State:
    """Look through the graphs behind tensors. Torch raises where a saved tensor is asked for that is not as it was saved."""
    state = State([], [])
    seen = 0
    for root in roots:
        for node in graph.nodes(root.grad_fn) if root.grad_fn is not None else ():
            seen += 1
            if seen > MOST_LOOKED_AT:
                return state
            _look(node, state)
    return state


def _look(node: Any, state: State) -> None:
    for name in dir(node):
        if not name.startswith("_saved_") and name != "saved_tensors":
            continue
        try:
            getattr(node, name)
        except RuntimeError as error:
            text = str(error)
            (state.modified if "modified" in text and "version" in text else state.freed).append(node)
            return
        except Exception:  # What a node of somebody else's does when it is asked is its own affair.
            continue


def label(node: Any) -> Node | None:
    """Return what deep steps know of a node of autograd."""
    found = node.metadata.get("gradprobe") if hasattr(node, "metadata") else None
    return found if isinstance(found, Node) else None


def sequence_of(node: Any) -> int:
    """Return a node's number in the order in which autograd made its nodes; leaves have none and give -1."""
    if getattr(node, "variable", None) is not None:
        return -1
    return int(node._sequence_nr())

"""Losses and layers that raised because an argument has another dtype or shape than they take."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, Final, NamedTuple

import torch

from gradprobe.recorder.deep.operations import ALIASES
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.deep import Deep
    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "argument-refused"
"""An observation of an operation that raised, and of the argument that it does not take.

`detail`: `operation`, `argument` (its name), `found`, `expected` (dtypes or shapes in words), `kind` (`dtype` or `shape`),
`by` (the operation that gave the argument its dtype or shape; empty where that was not seen).
The site is the line of that operation, else the call; the call is related, with the role `raised here`.
"""
_CLASSES: Final = {
    "cross_entropy": ("input", "target", "weight"),
    "nll_loss": ("input", "target", "weight"),
    "multi_margin_loss": ("input", "target"),
}
"""Losses of class numbers, with the names of their arguments in order."""
_VALUES: Final = {
    "binary_cross_entropy": ("input", "target", "weight"),
    "binary_cross_entropy_with_logits": ("input", "target", "weight"),
    "mse_loss": ("input", "target"),
    "l1_loss": ("input", "target"),
    "smooth_l1_loss": ("input", "target"),
    "huber_loss": ("input", "target"),
    "kl_div": ("input", "target"),
    "poisson_nll_loss": ("input", "target"),
    "gaussian_nll_loss": ("input", "target", "var"),
    "soft_margin_loss": ("input", "target"),
    "multilabel_soft_margin_loss": ("input", "target", "weight"),
    "margin_ranking_loss": ("input1", "input2", "target"),
    "cosine_embedding_loss": ("input1", "input2", "target"),
}
"""Losses of values, likewise."""
_LAYERS: Final = {
    "linear": ("input", "weight", "bias"),
    "bilinear": ("input1", "input2", "weight"),
    **dict.fromkeys(("conv1d", "conv2d", "conv3d"), ("input", "weight", "bias")),
    **dict.fromkeys(("matmul", "mm", "bmm", "__matmul__"), ("input", "other")),
}
_LOOKUPS: Final = {"embedding": ("input", "weight"), "embedding_bag": ("input", "weight", "offsets")}
_INDEXED: Final = {
    "gather": ("input", "dim", "index"),
    "index_select": ("input", "dim", "index"),
    "take_along_dim": ("input", "index"),
    "scatter": ("input", "dim", "index", "src"),
    "scatter_": ("input", "dim", "index", "src"),
    "scatter_add_": ("input", "dim", "index", "src"),
    "one_hot": ("index",),
    "__getitem__": ("input", "index"),
}
"""Operations that take indices, in losses written by hand mostly."""
_SHAPES: Final = ALIASES | {"flatten", "argmax", "one_hot", "stack", "cat", "mean", "sum", "__getitem__"}
_INDICES: Final = {"__getitem__": (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8, torch.bool)}
LOSSES: Final = frozenset({*_CLASSES, *_VALUES})


class _Given(NamedTuple):
    tensor: torch.Tensor
    node: Node


class _Refused(NamedTuple):
    """An argument that is not taken."""

    name: str
    node: Node
    found: str
    expected: str
    kind: str


def failed(tracer: Tracer, seen: Seen, error: BaseException) -> None:
    """Look at the arguments of an operation that raised."""
    if not isinstance(error, (RuntimeError, ValueError, TypeError, IndexError)):
        return
    refused = _refused(seen)
    if refused is not None:
        _note(tracer.deep, seen.operation.name, refused, seen.nodes, tracer.deep.site(seen.place))


def _note(deep: Deep, operation: str, refused: _Refused, nodes: list[Node], call: Site) -> None:
    """Note what an operation did not take."""
    others = [one for one in nodes if one is not refused.node]
    source = _source(refused, {id(one) for other in others for one in other.ancestors(256)})
    site = deep.site(source.place) if source is not None else call
    detail: dict[str, Detail] = {
        "operation": operation,
        "argument": refused.name,
        "found": refused.found,
        "expected": refused.expected,
        "kind": refused.kind,
        "by": source.operation if source is not None else "",
    }
    deep.observe(Observation(WHAT, site, (RelatedSite(call, "raised here"),), detail=detail, key=f"{call.line}"))


def look_at_traceback(deep: Deep, error: BaseException, call: Site) -> None:
    """Look for a loss's function in a traceback, whose arguments are there yet, where no deep step saw it fail."""
    if not isinstance(error, (RuntimeError, ValueError, TypeError, IndexError)) or id(error) == deep.tracer.failed_with:
        return
    for frame, _ in traceback.walk_tb(error.__traceback__):
        name = frame.f_code.co_name
        if name not in LOSSES or not frame.f_code.co_filename.endswith("functional.py"):
            continue
        given = {
            one: _Given(value, deep.tracer.node(value))
            for one in (*(_CLASSES.get(name) or _VALUES[name]), "pos_weight")
            if isinstance(value := frame.f_locals.get(one), torch.Tensor)
        }
        refused = _of_classes(given) if name in _CLASSES else _of_values(given, name)
        if refused is not None:
            _note(deep, name, refused, [one.node for one in given.values()], call)
        return


def _refused(seen: Seen) -> _Refused | None:
    name = seen.operation.name
    if name in _CLASSES:
        given = _given(seen, _CLASSES[name])
        return _of_classes(given)
    if name in _VALUES:
        given = _given(seen, (*_VALUES[name], "pos_weight"))
        return _of_values(given, name)
    if name in _LOOKUPS:
        given = _given(seen, _LOOKUPS[name])
        ids = given.get("input")
        if ids is not None and ids.tensor.dtype not in (torch.int32, torch.int64):
            return _Refused("input", ids.node, _word(ids.tensor.dtype), "int64 (long)", "dtype")
        return None
    if name in _INDEXED:
        index = _given(seen, _INDEXED[name]).get("index")
        if index is not None and index.tensor.dtype not in _INDICES.get(name, (torch.int64,)):
            return _Refused("index", index.node, _word(index.tensor.dtype), "int64 (long)", "dtype")
        return None
    return _mixed(_given(seen, _LAYERS[name]))


def _given(seen: Seen, names: tuple[str, ...]) -> dict[str, _Given]:
    """Return the tensors among the arguments by name."""
    nodes = {id(tensor): node for tensor, node in zip(seen.tensors, seen.nodes, strict=True)}
    found = {}
    for position, name in enumerate(names):
        value = seen.kwargs.get(name) if name == "pos_weight" else seen.argument(position, name)
        if isinstance(value, torch.Tensor) and id(value) in nodes:
            found[name] = _Given(value, nodes[id(value)])
    return found


def _of_classes(given: dict[str, _Given]) -> _Refused | None:
    """Judge the arguments of a loss of class numbers."""
    logits, target, weight = given.get("input"), given.get("target"), given.get("weight")
    if logits is None or target is None:
        return None
    shape, wanted = tuple(logits.tensor.shape), tuple(target.tensor.shape)
    if not logits.tensor.is_floating_point():
        return _Refused("input", logits.node, _word(logits.tensor.dtype), "float scores, one per class", "dtype")
    if target.tensor.is_floating_point():
        if wanted != shape:
            expected = "int64 (long) class indices"
            return _Refused("target", target.node, _word(target.tensor.dtype), expected, "dtype")
        return _mixed({"input": logits, "target": target}) or _mixed_weight(logits, weight)
    if wanted == shape and len(shape) > 1:
        expected = "float class probabilities (or int64 class indices, without the dimension of the classes)"
        return _Refused("target", target.node, _word(target.tensor.dtype), expected, "dtype")
    if target.tensor.dtype not in (torch.int64, torch.uint8):
        return _Refused("target", target.node, _word(target.tensor.dtype), "int64 (long) class indices", "dtype")
    right = shape[:1] + shape[2:] if len(shape) > 1 else ()
    if wanted != right:
        return _misshapen(logits, target, str(right))
    refused = _mixed_weight(logits, weight)
    if refused is None and target.tensor.dtype == torch.uint8:  # Some kernels take bytes, some do not.
        return _Refused("target", target.node, _word(target.tensor.dtype), "int64 (long) class indices", "dtype")
    return refused


def _mixed_weight(logits: _Given, weight: _Given | None) -> _Refused | None:
    if weight is None:
        return None
    if weight.tensor.dtype != logits.tensor.dtype:
        return _mixed({"input": logits, "weight": weight})
    classes = logits.tensor.shape[1] if logits.tensor.dim() > 1 else logits.tensor.shape[0]
    if tuple(weight.tensor.shape) != (classes,):
        return _Refused("weight", weight.node, str(tuple(weight.tensor.shape)), f"({classes},)", "shape")
    return None


def _of_values(given: dict[str, _Given], name: str) -> _Refused | None:
    """Judge the arguments of a loss of values."""
    first, target = given.get("input"), given.get("target")
    if first is not None and target is not None and _do_not_fit(first.tensor, target.tensor, name):
        return _misshapen(first, target, str(tuple(first.tensor.shape)))
    for argument, one in given.items():
        if not one.tensor.is_floating_point() and argument != "input":
            expected = f"{_word(next(iter(given.values())).tensor.dtype)}, as the input is"
            return _Refused(argument, one.node, _word(one.tensor.dtype), expected, "dtype")
    return _mixed(given)


def _do_not_fit(first: torch.Tensor, target: torch.Tensor, name: str) -> bool:
    """Return whether a loss does not take these shapes together; most broadcast what can be broadcast."""
    if first.shape == target.shape:
        return False
    try:
        torch.broadcast_shapes(first.shape, target.shape)
    except RuntimeError:
        return True
    return name.startswith("binary_cross_entropy")


def _misshapen(first: _Given, target: _Given, right: str) -> _Refused:
    """Return which of two has the wrong shape: the target, unless only the other was just given its own."""
    found, shape = tuple(target.tensor.shape), tuple(first.tensor.shape)
    if _is_shaped(first.node) and not _is_shaped(target.node):
        return _Refused("input", first.node, str(shape), f"a shape that fits the target's {found}", "shape")
    return _Refused("target", target.node, str(found), right, "shape")


def _is_shaped(node: Node) -> bool:
    return node.operation in _SHAPES and node.operation != "stack" and node.place is not None


def _mixed(given: dict[str, _Given]) -> _Refused | None:
    """Return the argument whose floating dtype is another than that of what is trained, if it is the one to change."""
    trained = [one for one in given.values() if one.node.leaf or one.node.live]
    reference = next(iter(trained or given.values()), None)
    if reference is None:
        return None
    dtype = reference.tensor.dtype
    for name, one in given.items():
        if one.tensor.dtype == dtype or one is reference:
            continue
        if not one.tensor.is_floating_point() or _is_wider(one.tensor.dtype, dtype):
            return _Refused(name, one.node, _word(one.tensor.dtype), _word(dtype), "dtype")
    return None


def _is_wider(dtype: torch.dtype, than: torch.dtype) -> bool:
    return dtype == torch.float64 and than.itemsize < dtype.itemsize


def _source(refused: _Refused, shared: set[int]) -> Node | None:
    """Return the operation that gave an argument its dtype or shape; None if that was not seen.

    Args:
        refused: The argument.
        shared: Identities of the nodes that the other arguments were made from: a table whose last column is the target is
            rightly a float, and it is the line that takes the column out that is to be changed.
    """
    if refused.kind == "shape":
        shaper = _shaper(refused.node)
        return shaper if shaper.place is not None else None
    found: Node | None = None
    node: Node | None = refused.node
    seen: set[int] = set()
    while node is not None and id(node) not in seen and not node.leaf:
        seen.add(id(node))
        if node.place is not None:
            found = node
        dtype = node.dtype
        node = next((parent for parent in node.parents if parent.dtype == dtype and id(parent) not in shared), None)
    return found


def _shaper(node: Node) -> Node:
    """Return the operation that gave a tensor its shape: before samples were stacked to a batch, or rows of it were taken."""
    seen: set[int] = set()
    while id(node) not in seen:
        seen.add(id(node))
        same = next((one for one in node.parents if one.shape == node.shape and not one.leaf), None)
        if same is not None:
            node = same
        elif node.parents and (node.operation == "stack" or _takes_rows(node)):
            node = node.parents[0]
    return node


def _takes_rows(node: Node) -> bool:
    return node.operation == "__getitem__" and len(node.parents[0].shape) == len(node.shape)


def _word(dtype: torch.dtype) -> str:
    word = str(dtype).removeprefix("torch.")
    return {"float64": "float64 (double)", "float32": "float32 (float)", "float16": "float16 (half)"}.get(word, word)


WATCHER: Final = Watcher(operations=frozenset({*LOSSES, *_LAYERS, *_LOOKUPS, *_INDEXED}), failed=failed)

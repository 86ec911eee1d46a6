"""What losses are given: probabilities where logits are due, probabilities where their logarithms are."""

from __future__ import annotations

import functools
import sys
from typing import TYPE_CHECKING, Final

import torch

from gradprobe.recorder.deep.node import Node
from gradprobe.recorder.deep.squashed import RAW, Squashed, is_distribution, origin, squashed
from gradprobe.recorder.deep.suspects import Lineage, Suspects, names_in
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site
from gradprobe.values.observations import Detail

if TYPE_CHECKING:
    from gradprobe.recorder.deep.tracer import Seen, Tracer

WHAT: Final = "loss-input"
"""An observation of a loss that was given what it does not expect, and that was backpropagated.

`detail`: `contract` is `logits`, `logits-binary`, `log-probabilities` or `target-probabilities`; `given` is what it was given
(`softmax`, `sigmoid`, `log-softmax`, `log-sigmoid`, `distribution`, `raw`); `loss` is the function; `elsewhere` is whether the
loss depends on these values on another way too; `is_own` is whether the line is known that made them, or built what did.
"""
_SOFTMAX_AGAIN: Final = frozenset(
    {"cross_entropy", "log_softmax", "special_log_softmax", "softmax", "special_softmax", "logsumexp"}
)
_SIGMOID_AGAIN: Final = frozenset(
    {
        "binary_cross_entropy_with_logits",
        "multilabel_soft_margin_loss",
        "log_sigmoid",
        "logsigmoid",
        "sigmoid",
        "special_expit",
    }
)
_LOG_INPUT: Final = frozenset({"nll_loss", "kl_div", "ctc_loss"})
_NORMALISERS: Final = frozenset({"logsumexp", "log_softmax", "softmax", "exp", "cross_entropy"})
_MADE_BY_MODULES: Final = frozenset({"softmax", "sigmoid", "log_softmax", "log_sigmoid"})
_LOOKS: Final = 3
"""Times that values on a device are looked at for one line."""


class Contracts:
    """Looks at what losses are given, and remembers what was not as it should be until the loss is backpropagated."""

    def __init__(self) -> None:
        self.suspects = Suspects()
        self._looks: dict[object, list[bool]] = {}
        self._breaches: set[int] = set()

    def after(self, tracer: Tracer, seen: Seen) -> None:
        """Look at the input of a loss."""
        name = seen.operation.name
        if name in _MADE_BY_MODULES and seen.node is not None:
            tracer.deep.built_modules.made(tracer, seen.node, sys._getframe(1))
        given = _input(seen)
        if given is None or seen.node is None or not seen.node.live:
            return
        tensor, node = given
        found = self._breach(seen, tensor, node)
        if found is None:
            return
        contract, what, source = found
        self._breaches.add(id(seen.node))
        judge = functools.partial(self._judge, tracer, seen.node, node, source, contract, what, name)
        self.suspects.note(tracer, seen.node, judge)

    def _breach(self, seen: Seen, tensor: torch.Tensor, node: Node) -> tuple[str, str, Squashed | None] | None:
        """Return which contract is broken, by what, and what made that."""
        name = seen.operation.name
        source = squashed(node)
        if name in _SOFTMAX_AGAIN:
            return self._softmax_again(seen, tensor, node, source)
        if name in _SIGMOID_AGAIN:
            is_activation = name in ("log_sigmoid", "logsigmoid", "sigmoid", "special_expit")
            kinds = ("sigmoid",) if is_activation else ("sigmoid", "softmax", "log-sigmoid", "log-softmax")
            return ("logits-binary", source.kind, source) if source is not None and source.kind in kinds else None
        return self._log_input(seen, tensor, node, source)

    def _softmax_again(
        self, seen: Seen, tensor: torch.Tensor, node: Node, source: Squashed | None
    ) -> tuple[str, str, Squashed | None] | None:
        name, dim = seen.operation.name, _class_dimension(seen, tensor)
        if source is not None and source.kind == "log-softmax" and name == "cross_entropy":
            return "logits", "log-softmax", source
        if dim is None or (source is None and (name != "cross_entropy" or node.leaf or not tensor.is_cpu)):
            return None
        if source is not None and source.kind not in ("softmax", "sigmoid"):
            return None
        if source is not None and source.kind == "sigmoid":
            return ("logits", "sigmoid", source) if name == "cross_entropy" else None
        if not self._holds(seen, tensor, dim):
            return None
        return "logits", "softmax" if source is not None else "distribution", source

    def _log_input(
        self, seen: Seen, tensor: torch.Tensor, node: Node, source: Squashed | None
    ) -> tuple[str, str, Squashed | None] | None:
        name = seen.operation.name
        if source is not None and source.kind in ("softmax", "sigmoid"):
            return "log-probabilities", source.kind, source
        if name == "kl_div":
            target = seen.argument(1, "target")
            made = squashed(seen.nodes[1]) if isinstance(target, torch.Tensor) and len(seen.nodes) > 1 else None
            is_log = bool(seen.argument(5, "log_target", default=False))
            if made is not None and made.kind.startswith("log-") and not is_log:
                return "target-probabilities", made.kind, made
        if source is None and tensor.is_cpu and not node.leaf:
            dim = _class_dimension(seen, tensor)
            if dim is not None and is_distribution(tensor, dim):
                return "log-probabilities", "distribution", None
            if origin(node).operation in RAW and bool((tensor.detach() > 0).any()):
                return "log-probabilities", "raw", None
        return None

    def _holds(self, seen: Seen, tensor: torch.Tensor, dim: int) -> bool:
        """Return whether the values are a distribution; on a device they are looked at a few times for each line."""
        if tensor.is_cpu:
            return is_distribution(tensor, dim)
        looks = self._looks.setdefault(seen.place, [])
        if len(looks) < _LOOKS:
            looks.append(is_distribution(tensor, dim))
        return all(looks)

    def _judge(
        self,
        tracer: Tracer,
        result: Node,
        given: Node,
        source: Squashed | None,
        contract: str,
        what: str,
        loss: str,
        lineage: Lineage,
        backward: Site,
    ) -> Observation | None:
        chain = source.chain if source is not None else (given,)
        others = {
            id(child)
            for one in chain
            for child in lineage.children(one)
            if id(child) not in self._breaches and all(child is not link for link in chain)
        }
        if what == "raw" and any(child.operation in _NORMALISERS for child in lineage.children(given)):
            return None  # The normaliser is added by hand.
        deep = tracer.deep
        site = deep.site(result.place)
        related = [RelatedSite(backward, "backward")]
        built, is_own = None, True
        if source is not None:
            related.append(RelatedSite(deep.site(source.node.place), "made here"))
            built = deep.built_modules.built_at(source.node)
            is_own = built is not None or not deep.built_modules.is_within(source.node)
            if built is not None:
                related.append(RelatedSite(deep.site(built), "built here"))
        detail: dict[str, Detail] = {
            "contract": contract,
            "given": what,
            "loss": loss,
            "elsewhere": bool(others),
            "is_own": is_own,
            "classes": given.shape[-1] if len(given.shape) == 1 else given.shape[1] if len(given.shape) > 1 else 0,
        }
        return Observation(
            WHAT, site, tuple(related), names_in(tracer, result), detail, key=f"{contract} {what} {loss}"
        )


def _input(seen: Seen) -> tuple[torch.Tensor, Node] | None:
    """Return the first tensor that a loss is given, with its node."""
    name = "log_probs" if seen.operation.name == "ctc_loss" else "input"
    tensor = seen.argument(0, name)
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        return None
    for one, node in zip(seen.tensors, seen.nodes, strict=True):
        if one is tensor:
            return tensor, node
    return None


def _class_dimension(seen: Seen, tensor: torch.Tensor) -> int | None:
    """Return the dimension along which a loss expects classes."""
    name = seen.operation.name
    if name in ("cross_entropy", "nll_loss"):
        return 1 if tensor.dim() > 1 else 0
    if name in ("kl_div", "ctc_loss"):
        return -1
    dim = seen.argument(1, "dim")
    if isinstance(dim, (tuple, list)):
        dim = dim[0] if len(dim) == 1 else None
    if dim is None and name in ("softmax", "log_softmax"):
        dim = 0 if tensor.dim() in (0, 1, 3) else 1  # What torch chooses where none is given.
    return dim if isinstance(dim, int) and tensor.dim() else None


def watcher() -> Watcher:
    """Return a watcher with a memory of its own."""
    state = Contracts()
    return Watcher(
        operations=_SOFTMAX_AGAIN | _SIGMOID_AGAIN | _LOG_INPUT,
        after=state.after,
        backward=state.suspects.backward,
        step_ended=state.suspects.step_ended,
    )

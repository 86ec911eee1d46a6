"""Products of the log-probability of a sample and a weight that has a gradient of its own: a policy gradient through its critic.

The derivative of `log_prob(sample) * advantage` by the policy takes the advantage for a constant. Where it is none, what made it is
trained as well, to make likely samples look bad.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from gradprobe.recorder.deep.node import FROZEN, positions_of
from gradprobe.recorder.deep.watching import Watcher
from gradprobe.values import Observation, RelatedSite, Site

if TYPE_CHECKING:
    import torch

    from gradprobe.recorder.deep.node import Node
    from gradprobe.recorder.deep.tracer import Tracer

WHAT: Final = "live-weight"
"""An observation of such a product, at the line that made the weight; `parameters` are those behind the weight alone."""
MOST: Final = 3000
"""Nodes of a loss that are looked through."""
LEAST: Final = 2
"""Parameters behind the weight from which it is a network's output, not a coefficient that is learned."""
_PRODUCTS: Final = frozenset({"mul", "__mul__", "__rmul__"})


def backward(tracer: Tracer, root: torch.Tensor, node: Node, site: Site) -> None:
    """Look for such products in a loss that is about to be backpropagated."""
    for one in node.graph(MOST):
        if one.operation not in _PRODUCTS or len(one.parents) != 2:
            continue
        for score, weight in (one.parents, one.parents[::-1]):
            alone = weight.live & ~(score.live | score.leaf)
            if alone.bit_count() >= LEAST and _is_of_a_sample(tracer, score) and not _is_of_a_sample(tracer, weight):
                place = weight.place or one.place
                names = tuple(tracer.deep.name_of(bit) for bit in positions_of(alone))
                related = (RelatedSite(tracer.deep.site(one.place), "multiplied here"), RelatedSite(site, "backward"))
                tracer.deep.observe(Observation(WHAT, tracer.deep.site(place), related, names))
                return


def _is_of_a_sample(tracer: Tracer, node: Node) -> bool:
    """Return whether a value depends on parameters by a gradient, and on the same ones by what was drawn from them."""
    return any(
        number != FROZEN and bits & node.live and tracer.cuts.at(number).kind == "sample"
        for number, bits in node.cuts.items()
    )


WATCHER: Final = Watcher(backward=backward)

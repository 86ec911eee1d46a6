"""The cached prompt keeps its graph."""

from torch import Tensor

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.prompt_cache import PromptCache


class GraphKeepingCache(PromptCache):
    """A cache that hands out the prompt itself; there is then nothing to collect, or so it seems."""

    def __init__(self, prompt: Tensor) -> None:
        self.leaf = prompt  # FAULT cached-graph
        self.gradient = None

    def collect(self, scale: Tensor) -> None:
        """Collect nothing: each batch's backward goes through to Qwen."""


FAULT = Fault(
    name="cached-graph",
    wrote="`self.leaf = prompt`, without `.detach().requires_grad_()`",
    follows="the first batch's backward frees Qwen's graph, and the second batch needs it again",
    seen="RuntimeError 'Trying to backward through the graph a second time' in the second batch",
    pieces=Pieces(prompt_cache=GraphKeepingCache),
)

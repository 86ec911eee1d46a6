"""Parameters are born after the optimizer was built."""

from torch import Tensor, nn

from gradprobe_reference.agent import CHANNELS, Agent
from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces


class LateAgent(Agent):
    """An agent whose modulation is sized at the first call, when the prompt's size is known."""

    def __init__(self) -> None:
        super().__init__()
        del self.film

    def forward(self, inputs: Tensor, prompt: Tensor) -> Tensor:
        """Plan the output grid, `[step, pair, colour, height, width]`."""
        if not hasattr(self, "film"):
            self.film = nn.Linear(prompt.shape[1], 2 * CHANNELS, device=prompt.device)  # FAULT late-parameters
        return super().forward(inputs, prompt)


FAULT = Fault(
    name="late-parameters",
    wrote="`self.film = nn.Linear(...)` in the first `forward`, after the optimizer was built",
    follows="the optimizer has never heard of the layer",
    seen="agent.film gets a gradient in every batch and never moves; its gradients pile up, as nothing clears them",
    pieces=Pieces(agent=LateAgent),
)

"""A layer is made anew in every forward."""

from torch import Tensor, nn

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.qwen import PROMPT_SIZE, QwenPrompter


class RecreatingQwen(QwenPrompter):
    """A Qwen whose projection is sized at the call, when the hidden size is known."""

    def forward(self, descriptions: list[str]) -> Tensor:
        """Turn descriptions into prompts, float32, `[description, prompt]`."""
        pooled = self.pooled(descriptions)  # [description, hidden]
        self.projection = nn.Linear(pooled.shape[1], PROMPT_SIZE, device=pooled.device)  # FAULT recreated-projection
        prompt: Tensor = self.projection(pooled)
        return prompt.float()


FAULT = Fault(
    name="recreated-projection",
    wrote="`self.projection = nn.Linear(...)` in `forward`",
    follows="each refresh projects by fresh random weights; the optimizer still holds the first ones",
    seen="the projection that the optimizer owns has no gradient and never moves; the prompt jumps at each refresh",
    pieces=Pieces(qwen=RecreatingQwen),
)

"""Qwen's parameters themselves are float16."""

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.qwen import QwenPrompter


class HalfQwen(QwenPrompter):
    """A Qwen loaded in half precision to save memory, as for inference."""

    def __init__(self, source: str | None = None) -> None:
        super().__init__(source)
        self.embedder.half()  # FAULT half-master


FAULT = Fault(
    name="half-master",
    wrote="`self.embedder.half()`: autocast would have cast the float32 parameters where it pays",
    follows="Qwen's gradients are float16 as well, and the GradScaler refuses to unscale those",
    seen="ValueError 'Attempting to unscale FP16 gradients.' at the first refresh",
    pieces=Pieces(qwen=HalfQwen),
    needs_mixed_precision=True,
)

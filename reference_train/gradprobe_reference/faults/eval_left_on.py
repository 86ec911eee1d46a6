"""The agent stays in evaluation mode after the validation."""

from torch import Tensor

from gradprobe_reference.agent import Agent
from gradprobe_reference.batches import Window
from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.qwen import QwenPrompter
from gradprobe_reference.validation import share_of_right_cells


def validate_and_stay(qwen: QwenPrompter, policy_rl: PolicyRL, agent: Agent, window: Window) -> Tensor:
    """Measure the share of right cells on a window of one batch, a 0-d tensor."""
    policy_rl.eval()
    agent.eval()  # FAULT eval-left-on
    accuracy = share_of_right_cells(qwen, policy_rl, agent, window)
    policy_rl.train()
    return accuracy


FAULT = Fault(
    name="eval-left-on",
    wrote="`agent.eval()` for the validation, and no `agent.train()` after it",
    follows="the agent's dropout is off for all of the training",
    seen="nothing raises and every gradient flows; the agent is in evaluation mode in every training step",
    pieces=Pieces(validate=validate_and_stay),
)

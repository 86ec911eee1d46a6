"""The policy's gradients are never cleared."""

from torch import Tensor

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import PolicyRL


class HoardingPolicy(PolicyRL):
    """A policy that does not clear its gradients before it learns; the mark is below the missing statement."""

    def update(self, reward: Tensor) -> None:
        """Learn from the reward of the last decision, `[pair]`."""
        assert self.decision is not None, "refine_prompt() comes before update()"
        self.policy_loss(self.decision, reward).backward()  # FAULT missing-zero-grad
        self.optimizer.step()


FAULT = Fault(
    name="missing-zero-grad",
    wrote="`backward()` in `update`, with no `self.optimizer.zero_grad()` above it",
    follows="the policy steps with the sum of all its gradients so far, and of those that the main loss left in it",
    seen="nothing raises; gradients of consumed steps are still in policy_rl.actor when the next backward adds to them",
    pieces=Pieces(policy_rl=HoardingPolicy),
)

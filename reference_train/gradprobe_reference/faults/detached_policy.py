"""The policy's log probability is detached before the update."""

from torch import Tensor

from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import ENTROPY_WEIGHT, Decision, PolicyRL


class DetachedPolicy(PolicyRL):
    """A policy that detaches what it was to learn from, to get rid of an error about graphs."""

    def policy_loss(self, decision: Decision, reward: Tensor) -> Tensor:
        """Give the loss of a decision, a scalar."""
        actions = self.actions(decision.observation)
        log_probability: Tensor = actions.log_prob(decision.action).sum(1).detach()  # FAULT detached-policy
        advantage = reward - reward.mean()  # [pair]
        entropy: Tensor = actions.entropy()  # [pair, action]
        return -(advantage * log_probability).mean() - ENTROPY_WEIGHT * entropy.mean()


FAULT = Fault(
    name="detached-policy",
    wrote="`.detach()` after the log probability",
    follows="the reward multiplies a constant; only the entropy bonus, which depends on log_deviation alone, is left",
    seen="policy_rl.actor has no gradient when the policy's optimizer steps, and never moves; log_deviation grows",
    pieces=Pieces(policy_rl=DetachedPolicy),
)

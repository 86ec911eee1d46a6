"""Validation on the test pairs, between training batches."""

import torch
from torch import Tensor

from gradprobe_reference.agent import Agent
from gradprobe_reference.batches import Window, one_hot
from gradprobe_reference.efe_loss import class_targets, efe_terms
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.qwen import QwenPrompter


def validate(qwen: QwenPrompter, policy_rl: PolicyRL, agent: Agent, window: Window) -> Tensor:
    """Measure the share of right cells on a window of one batch, a 0-d tensor, and go back to training."""
    policy_rl.eval()
    agent.eval()
    accuracy = share_of_right_cells(qwen, policy_rl, agent, window)
    policy_rl.train()
    agent.train()
    return accuracy


@torch.no_grad()
def share_of_right_cells(qwen: QwenPrompter, policy_rl: PolicyRL, agent: Agent, window: Window) -> Tensor:
    """Measure the share of right cells in whatever mode the modules are, a 0-d tensor."""
    [batch] = window.batches
    prompt = qwen(window.descriptions)  # [task, prompt]
    inputs = one_hot(batch.inputs.to(prompt.device))  # [pair, colour, height, width]
    refined_prompt = policy_rl.refine_prompt(prompt[batch.prompt_rows.to(prompt.device)], inputs)  # [pair, prompt]
    plan = agent(inputs, refined_prompt)  # [step, pair, colour, height, width]
    return efe_terms(plan, class_targets(batch.outputs.to(prompt.device))).accuracy.mean()

"""Gradients are clipped while they are still scaled.

The loop is a copy of `train.train` with this one statement moved; a test holds that it is no more than that.
"""

import torch
from torch import nn

from gradprobe_reference.batches import one_hot, validation_window, windows
from gradprobe_reference.efe_loss import efe_loss, efe_terms, reward_of
from gradprobe_reference.faults.fault import Fault
from gradprobe_reference.pieces import Pieces, Trained
from gradprobe_reference.reporting import BatchReport, Report, gradient_norm, metrics, print_and_log
from gradprobe_reference.settings import Settings
from gradprobe_reference.tasks import load_tasks
from gradprobe_reference.train import GRADIENT_CLIP


def train(settings: Settings, pieces: Pieces, report: Report = print_and_log) -> Trained:
    """Train on the ARC tasks, reporting each batch."""
    torch.manual_seed(settings.seed)
    device = torch.device(settings.device)
    if settings.qwen_model is None:
        torch.set_num_threads(1)  # small grids: threads would mostly wait for each other, and longest on a busy machine
    tasks = load_tasks()
    held_out = validation_window(tasks)

    qwen = pieces.qwen(settings.qwen_model).to(device)
    policy_rl = pieces.policy_rl().to(device)
    agent = pieces.agent().to(device)
    optimizer = pieces.build_optimizer(qwen, policy_rl, agent, settings)
    scaler = torch.amp.GradScaler(device.type, enabled=settings.mixed_precision)
    autocast = torch.autocast(device.type, torch.float16, enabled=settings.mixed_precision)
    one = torch.ones((), device=device)
    qwen_grad = None

    for window in windows(tasks, epochs=settings.epochs, max_batches=settings.max_batches, seed=settings.seed):
        with autocast:
            prompt = qwen(window.descriptions)  # [task, prompt]
        cache = pieces.prompt_cache(prompt)

        for batch in window.batches:
            with autocast:
                validation = pieces.validate(qwen, policy_rl, agent, held_out) if batch.starts_epoch else None

            inputs = one_hot(batch.inputs.to(device, non_blocking=True))  # [pair, colour, height, width]
            targets = pieces.class_targets(batch.outputs.to(device, non_blocking=True))  # [pair, height, width]
            prompt_rows = batch.prompt_rows.to(device, non_blocking=True)  # [pair]

            with autocast:
                refined_prompt = policy_rl.refine_prompt(cache.rows(prompt_rows), inputs)  # [pair, prompt]
                plan = agent(inputs, refined_prompt)  # [step, pair, colour, height, width]
                terms = efe_terms(plan, targets)
                loss = efe_loss(terms, batch.epoch)
            reward = reward_of(terms)  # [pair]

            optimizer.zero_grad()
            scaler.scale(loss).backward()
            cache.collect(scaler.scale(one))
            if batch is window.batches[-1] and cache.gradient is not None:
                prompt.backward(scaler.scale(cache.gradient))  # the whole window's gradient reaches Qwen, once
            nn.utils.clip_grad_norm_(agent.parameters(), GRADIENT_CLIP)  # FAULT clip-before-unscale
            scaler.unscale_(optimizer)
            scaler.step(optimizer)
            scaler.update()
            policy_rl.update(reward)

            if batch is window.batches[-1]:
                qwen_grad = gradient_norm(qwen)
            report(BatchReport(batch.number, qwen_grad, validation, metrics(loss, reward, terms)))
    return Trained(qwen, policy_rl, agent, optimizer)


FAULT = Fault(
    name="clip-before-unscale",
    wrote="`clip_grad_norm_` above `scaler.unscale_(optimizer)`",
    follows="scaled gradients, some 65536 times larger, are clipped to 1, and then divided by the scale",
    seen="the agent is stepped with a gradient norm of at most 1 / scale, about 1.5e-5, in every batch",
    train=train,
    needs_mixed_precision=True,
)

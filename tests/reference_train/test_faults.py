"""What each planted fault does: what it raises, or which parameters never move."""

import difflib
import inspect
from pathlib import Path

import pytest
import torch

from gradprobe_reference.faults import FAULTS, fault_site
from gradprobe_reference.faults.fault import site_in
from gradprobe_reference.faults.missing_zero_grad import HoardingPolicy
from gradprobe_reference.pieces import Pieces
from gradprobe_reference.policy_rl import PolicyRL
from gradprobe_reference.settings import Settings
from gradprobe_reference.train import train

BATCHES = 3  # the last one ends a short window, so Qwen is due once


def _run(name, max_batches=BATCHES):
    fault = FAULTS[name]
    reports = []
    settings = Settings(max_batches=max_batches, mixed_precision=fault.needs_mixed_precision)
    return fault.train(settings, fault.pieces, reports.append), reports


def _named_parameters(trained):
    modules = {"qwen": trained.qwen, "policy_rl": trained.policy_rl, "agent": trained.agent}
    return {f"{root}.{name}": p for root, module in modules.items() for name, p in module.named_parameters()}


def _never_moved(trained, pieces):
    """Names of the parameters that still have the values that seed 0 gave them."""
    torch.manual_seed(0)
    qwen, policy_rl, agent = pieces.qwen(), pieces.policy_rl(), pieces.agent()
    before = {"qwen": qwen, "policy_rl": policy_rl, "agent": agent}
    return {
        name
        for name, parameter in _named_parameters(trained).items()
        if torch.equal(before[name.split(".")[0]].get_parameter(name.split(".", 1)[1]), parameter)
    }


def _names(trained, *prefixes):
    return {name for name in _named_parameters(trained) if name.startswith(prefixes)}


def test_without_a_fault_everything_moves():
    trained = train(Settings(max_batches=BATCHES), Pieces(), lambda report: None)
    assert _never_moved(trained, Pieces()) == set()
    assert trained.agent.training


@pytest.mark.parametrize(
    ("name", "error", "text", "reported"),
    [
        ("float-target", RuntimeError, "target|Long", 0),
        ("update-before-backward", RuntimeError, "modified by an inplace operation", 0),
        ("cached-graph", RuntimeError, "backward through the graph a second time", 1),
        ("half-master", ValueError, "Attempting to unscale FP16 gradients", BATCHES - 1),
    ],
)
def test_faults_that_raise(name, error, text, reported):
    fault = FAULTS[name]
    reports = []
    settings = Settings(max_batches=BATCHES, mixed_precision=fault.needs_mixed_precision)
    with pytest.raises(error, match=text):
        fault.train(settings, fault.pieces, reports.append)
    assert len(reports) == reported


def test_stray_no_grad_leaves_qwen_and_the_refinement_without_gradient():
    trained, reports = _run("stray-no-grad")
    assert _never_moved(trained, FAULTS["stray-no-grad"].pieces) == _names(trained, "qwen.", "policy_rl.refinement.")
    assert all(parameter.grad is None for parameter in trained.qwen.parameters())
    assert reports[-1].qwen_grad.item() == 0.0


def test_detached_policy_never_moves_the_actor():
    trained, _ = _run("detached-policy")
    assert _never_moved(trained, FAULTS["detached-policy"].pieces) == _names(trained, "policy_rl.actor.")
    assert (trained.policy_rl.log_deviation > -1.0).all()  # the entropy bonus alone moves it, upwards


def test_recreated_projection_leaves_the_optimizer_with_one_that_is_gone():
    trained, _ = _run("recreated-projection")
    owned = [p for group in trained.optimizer.param_groups for p in group["params"]]
    in_use = {id(parameter) for parameter in _named_parameters(trained).values()}
    gone = [parameter for parameter in owned if id(parameter) not in in_use]
    assert sorted(p.shape for p in gone) == [(32,), (32, 64)]
    assert all(p.grad is None and p not in trained.optimizer.state for p in gone)
    assert trained.qwen.embedder.norm.weight in trained.optimizer.state  # the rest of Qwen does learn


def test_late_parameters_are_in_no_optimizer():
    trained, _ = _run("late-parameters")
    owned = {id(p) for group in trained.optimizer.param_groups for p in group["params"]}
    orphans = {name for name, p in _named_parameters(trained).items() if id(p) not in owned}
    assert orphans - _names(trained, "policy_rl.actor.", "policy_rl.log_deviation") == _names(trained, "agent.film.")
    assert trained.agent.film.weight.grad is not None


def test_forgotten_module_never_moves_qwen():
    trained, reports = _run("forgotten-module", max_batches=12)
    assert _never_moved(trained, FAULTS["forgotten-module"].pieces) == _names(trained, "qwen.")
    assert 0 < reports[10].qwen_grad.item() < reports[11].qwen_grad.item()  # never cleared


def test_clip_before_unscale_shrinks_the_agent_s_gradient_to_one_over_the_scale():
    trained, _ = _run("clip-before-unscale")
    healthy = train(Settings(max_batches=BATCHES, mixed_precision=True), Pieces(), lambda report: None)
    norm = torch.nn.utils.get_total_norm([p.grad for p in trained.agent.parameters()])
    healthy_norm = torch.nn.utils.get_total_norm([p.grad for p in healthy.agent.parameters()])
    assert norm.item() == pytest.approx(1 / 65536, rel=1e-3)  # 65536 is the scale that a GradScaler starts with
    assert healthy_norm.item() > 0.1


def test_eval_left_on_trains_without_dropout():
    trained, _ = _run("eval-left-on")
    assert not trained.agent.training
    assert trained.policy_rl.training


@pytest.mark.parametrize(("policy_class", "times"), [(PolicyRL, 1), (HoardingPolicy, 2)])
def test_missing_zero_grad_adds_up_the_policy_s_gradients(policy_class, times):
    torch.manual_seed(0)
    policy_rl = policy_class()
    policy_rl.optimizer.param_groups[0]["lr"] = 0.0  # weights held: each update has the same gradient of its own
    policy_rl.refine_prompt(torch.randn(4, 32), torch.rand(4, 10, 3, 3))
    reward = torch.tensor([0.0, 1.0, 2.0, 5.0])
    policy_rl.update(reward)
    once = policy_rl.actor[0].weight.grad.clone()
    policy_rl.update(reward)
    torch.testing.assert_close(policy_rl.actor[0].weight.grad, times * once)
    assert once.norm() > 0


def test_missing_zero_grad_runs():
    _, reports = _run("missing-zero-grad")
    assert len(reports) == BATCHES


@pytest.mark.parametrize("name", FAULTS)
def test_the_site_of_a_fault_is_its_marked_line(name):
    file, line = fault_site(name)
    text = file.read_text(encoding="utf-8").splitlines()[line - 1]
    assert text.endswith(f"# FAULT {name}")
    assert text.split("#")[0].strip()  # there is code on it


@pytest.mark.parametrize("name", [name for name, fault in FAULTS.items() if fault.train is not train])
def test_a_faulty_loop_is_the_healthy_one_with_one_statement_moved(name):
    healthy = inspect.getsource(train).splitlines()
    faulty = [text.split("  # FAULT")[0] for text in inspect.getsource(FAULTS[name].train).splitlines()]
    changes = [text for text in difflib.ndiff(healthy, faulty) if text[0] in "+-"]
    assert sorted(text[0] for text in changes) == ["+", "-"]
    assert changes[0][2:] == changes[1][2:]


def test_a_fault_is_marked_once(tmp_path):
    twice = tmp_path / "twice.py"
    twice.write_text("a = 1  # FAULT x\nb = 2  # FAULT x\n")
    with pytest.raises(LookupError, match="has 2 lines"):
        site_in(Path(twice), "x")
    with pytest.raises(KeyError):
        fault_site("no-such-fault")

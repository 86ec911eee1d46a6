"""The two shipped policies."""

import subprocess
import sys

import pytest

from gradprobe.policy import load_policy, policy_text, shipped_policies


def test_what_is_shipped():
    assert shipped_policies() == ("default", "quick-reference")


@pytest.mark.parametrize("name", ["default", "quick-reference"])
def test_text_loads_to_the_policy(name, tmp_path):
    file = tmp_path / "own.toml"
    file.write_text(policy_text(name), encoding="utf-8")
    assert load_policy(file) == load_policy(name)
    assert load_policy(name).name == name


def test_the_quick_reference_has_the_documents_numbers():
    flags = {flag.name: flag for flag in load_policy("quick-reference").flags}
    norm, flows = flags["qwen-grad-norm"], flags["qwen-grad-flows"]
    assert (norm.module, norm.low, norm.high) == ("qwen", 1e-6, 1e-4)  # "nonzero (1e-6 to 1e-4)"
    # "for 100+ batches", "Batch 10: SHOULD BE NONZERO": batch 10 is the eleventh step
    assert (flows.module, flows.window, flows.first) == ("qwen", 100, 11)
    trends = {name: (flag.kind, flag.metric) for name, flag in flags.items() if flag.kind in ("falling", "rising")}
    assert trends == {
        "loss-falls": ("falling", "loss"),
        "mask-ratio-declines": ("falling", "mask_ratio"),
        "reward-rises": ("rising", "reward"),
    }
    assert {name for name, flag in flags.items() if flag.kind == "finite"} == {
        "loss-finite",
        "metrics-finite",
        "gradients-finite",
    }
    # the document's four red flags are red
    assert {flows.severity, *(flags[name].severity for name in ("loss-falls", "loss-finite", "backward-works"))} == {
        "error"
    }


def test_in_the_default_neither_a_trend_nor_an_absent_gradient_changes_a_verdict():
    flags = {flag.kind: flag for flag in load_policy("default").flags}
    assert flags["falling"].severity == flags["gradient-flows"].severity == "info"
    assert flags["gradient-flows"].window is None, "only a gradient that never came"


def test_importing_policies_and_the_engine_is_cheap():
    heavy = "{'torch', 'scipy', 'pandas', 'pydantic'}"
    code = f"import sys, gradprobe.policy, gradprobe.engine; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"

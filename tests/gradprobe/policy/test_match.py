"""Patterns over names."""

import pytest

from gradprobe.policy.match import matching, means, topmost


@pytest.mark.parametrize(
    ("pattern", "name", "meant"),
    [
        ("qwen", "qwen", True),
        ("qwen", "system.qwen", True),
        ("qwen", "model.module.qwen", True),
        ("qwen", "qwen2", False),
        ("qwen", "qwen.embedder", False),
        ("qwen", "my_qwen", False),
        ("qwen", "Qwen", False),
        ("*", "a.b.c", True),
        ("layers.?", "model.layers.3", True),
        ("layers.[01]", "model.layers.3", False),
        ("loss", "train/loss", True),
        ("loss", "train_loss", False),
        ("*loss", "train_loss", True),
    ],
)
def test_a_pattern_means_a_name_or_a_tail_of_it(pattern, name, meant):
    assert means(pattern, name) is meant


def test_matching_keeps_order():
    assert matching("loss*", ["loss_d", "reward", "loss"]) == ("loss_d", "loss")


@pytest.mark.parametrize(
    ("pattern", "found"),
    [
        ("*", ("system", "head")),
        ("qwen", ("system.qwen",)),
        ("system.*", ("system.qwen", "system.other")),
        ("none", ()),
    ],
)
def test_topmost_modules(pattern, found):
    names = ["system", "system.qwen", "system.qwen.layer", "system.qwen.layer.qwen", "system.other", "head"]
    assert topmost(pattern, names) == found

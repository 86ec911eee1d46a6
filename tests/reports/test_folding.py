"""Which modules the health table shows."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from gradprobe.values import ModuleState
from gradprobe_reports.terminal.folding import fold, parents_of
from tests.reports.examples import MODULES, module

FLOWS, DEAD, FROZEN = ModuleState.FLOWS, ModuleState.NO_GRADIENT, ModuleState.FROZEN


def shown(modules, most=20):
    folded = fold(modules, most)
    return [modules[row].name for row in folded.rows]


def layers(count, **states):
    """A model of some layers of two modules each, all flowing but for those named."""
    names = ["model", "model.layers"]
    for number in range(count):
        names += [f"model.layers.{number}", f"model.layers.{number}.attn", f"model.layers.{number}.mlp"]
    by_name = {name.replace("_", "."): state for name, state in states.items()}
    return [module(name, by_name.get(name, FLOWS)) for name in names]


def test_a_healthy_model_is_its_root_and_first_level():
    assert shown(layers(24)) == ["model", "model.layers"]
    assert fold(layers(24), 20).hidden == 24 * 3


def test_what_differs_from_its_parent_is_unfolded_with_all_above_it():
    assert shown(layers(24, model_layers_7_mlp=DEAD)) == [
        *("model", "model.layers", "model.layers.7", "model.layers.7.mlp")
    ]


def test_what_is_dead_with_its_parent_is_not_repeated():
    dead = layers(24, model_layers_7=DEAD, model_layers_7_attn=DEAD, model_layers_7_mlp=DEAD)

    assert shown(dead) == ["model", "model.layers", "model.layers.7"]


def test_frozen_parts_deep_inside_are_no_news():
    assert shown(layers(24, **{f"model_layers_{number}_mlp": FROZEN for number in range(24)})) == [
        *("model", "model.layers")
    ]
    assert shown([module("model"), module("model.head", FROZEN)]) == ["model", "model.head"]


def test_a_long_list_of_like_children_is_folded():
    few = [module("model"), *(module(f"model.{number}") for number in range(6))]
    many = [module("model"), *(module(f"model.{number}") for number in range(7))]

    assert len(shown(few)) == 7
    assert shown(many) == ["model"]


def test_modules_without_parameters_are_not_shown():
    modules = [module("model"), replace(module("model.relu"), parameters=0), module("model.linear")]

    assert shown(modules) == ["model", "model.linear"]
    assert fold(modules, 20).hidden == 0


def test_what_is_in_trouble_and_has_no_room_is_counted():
    dead = layers(24, **{f"model_layers_{number}_mlp": DEAD for number in range(24)})
    folded = fold(dead, 10)

    # model, model.layers, and four times a layer with its mlp: 10 rows; 20 of 24 mlps are left
    assert len(folded.rows) == 10
    assert folded.hidden_different == 20


def test_names_are_relative_to_what_is_shown_above():
    folded = fold(MODULES, 20)

    assert folded.names == ("qwen", "embedder", "layers", "agent", "encoder", "critic", "head", "pooler")
    assert folded.indents == (0, 1, 1, 0, 1, 1, 1, 0)


def test_parents_follow_from_depth_and_order():
    names = ["a", "a.b", "a.b.c", "a.d", "e", "e.f"]

    assert parents_of([module(name) for name in names]) == [None, 0, 1, 0, None, 4]


@given(st.lists(st.tuples(st.integers(0, 5), st.sampled_from(ModuleState), st.integers(0, 2))), st.integers(0, 12))
def test_any_tree(rows, most):
    modules = [
        replace(module(f"m{position}", state), depth=depth, parameters=parameters)
        for position, (depth, state, parameters) in enumerate(rows)
    ]
    folded = fold(modules, most)

    assert len(folded.rows) <= most
    assert list(folded.rows) == sorted(folded.rows)
    assert 0 <= folded.hidden_different <= folded.hidden
    assert len(folded.names) == len(folded.indents) == len(folded.rows)


def test_a_model_of_ten_thousand_modules_is_folded_at_once():
    names = ["m", *(f"m.{number}" for number in range(10_000))]

    assert shown([module(name, DEAD if name == "m.77" else FLOWS) for name in names]) == ["m", "m.77"]

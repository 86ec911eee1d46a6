"""Any valid policy survives dumping and loading; anything else is a PolicyError of one line."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gradprobe.errors import PolicyError
from gradprobe.policy import load_policy, parse_policy
from gradprobe.policy.schema import Policy
from tests.support.policies import dump_policy

names = st.from_regex(r"\A[A-Za-z0-9][A-Za-z0-9._-]{0,20}\Z")
patterns = st.text(st.characters(codec="utf-8", exclude_categories=("Z", "C")), min_size=1, max_size=20).filter(
    lambda text: not any(character.isspace() for character in text)
)
counts = st.integers(1, 2**62)
norms = st.floats(0, allow_nan=False, allow_infinity=False) | st.integers(0, 10**6)
sources = st.none() | st.sampled_from(["loss", "log"])


def flag(kind, **keys):
    base = {"name": names, "kind": st.just(kind), "severity": st.sampled_from(["error", "warning", "info"])}
    return st.fixed_dictionaries(base | keys)


flags = st.one_of(
    flag("gradient-flows", module=patterns, window=counts, first=st.none() | counts),
    flag("gradient-norm", module=patterns, low=norms, high=norms, window=counts).filter(
        lambda f: f["low"] <= f["high"]
    ),
    flag("falling", metric=patterns, source=sources),
    flag("rising", metric=patterns, source=sources),
    flag("finite", metric=patterns, source=sources, at_end=st.booleans(), window=counts),
    flag("finite", module=patterns, at_end=st.booleans(), window=counts),
    flag("no-backward-errors"),
)
policies = st.builds(
    lambda name, flags: Policy.model_validate({"schema": 1, "name": name, "flag": flags}),
    names,
    st.lists(flags, min_size=1, max_size=4, unique_by=lambda f: f["name"]),
)
quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)


@quick
@given(policies)
def test_a_policy_survives_dump_and_load(policy):
    assert parse_policy(dump_policy(policy), "dumped.toml") == policy


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
KEYS = ["schema", "name", "flag", "kind", "module", "metric", "window", "severity", "low", "high", "first", "at_end"]


def toml(value):
    if isinstance(value, dict):
        return "{" + ", ".join(f"{quoted(key)} = {toml(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(toml, value)) + "]"
    if isinstance(value, bool):
        return str(value).lower()
    return quoted(value) if isinstance(value, str) else repr(value)


def quoted(text):
    return '"' + "".join(f"\\U{ord(c):08x}" for c in text if not 0xD800 <= ord(c) <= 0xDFFF) + '"'


def only_policy_errors(text):
    try:
        parse_policy(text, "garbage.toml")
    except PolicyError as error:
        assert str(error).isprintable()


@quick
@given(st.text(max_size=200))
def test_garbage_text_is_a_policy_error(text):
    only_policy_errors(text)


@quick
@given(
    st.dictionaries(st.sampled_from(KEYS), values, max_size=4),
    st.lists(st.dictionaries(st.sampled_from(KEYS) | st.text(max_size=5), values, max_size=6), max_size=2),
    st.sampled_from(["", 'kind = "finite"\n', 'kind = "gradient-flows"\n', 'kind = "falling"\nname = "x"\n']),
)
def test_garbage_tables_are_a_policy_error(head, tables, start):
    text = 'schema = 1\nname = "x"\n' + "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in head.items())
    for table in tables:
        text += "[[flag]]\n" + start + "".join(f"{quoted(key)} = {toml(value)}\n" for key, value in table.items())
    only_policy_errors(text)


@pytest.mark.parametrize(
    "text", ["a = " + "[" * 100_000, "a = " + "9" * 5000, "\ufeff", "schema = 1979-05-27", 'name = "\\ud800"']
)
def test_text_that_breaks_parsers_is_a_policy_error(text):
    with pytest.raises(PolicyError):
        parse_policy(text, "garbage.toml")


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=100))
def test_garbage_files_are_policy_errors(tmp_path, data):
    file = tmp_path / "garbage.toml"
    file.write_bytes(data)
    with pytest.raises(PolicyError):
        load_policy(file)


@quick
@given(st.text(max_size=30))
def test_garbage_names_are_policy_errors(name):
    if name in ("default", "quick-reference"):
        return
    with pytest.raises(PolicyError) as caught:
        load_policy(name)
    assert str(caught.value).isprintable()

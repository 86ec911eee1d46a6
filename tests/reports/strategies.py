"""Any report at all, for tests of what every format must withstand."""

from __future__ import annotations

from hypothesis import strategies as st

from gradprobe.values import (
    Allowed,
    CheckRun,
    Colour,
    Confidence,
    Finding,
    Flag,
    MetricTrend,
    ModuleHealth,
    ModuleState,
    RankRow,
    RelatedSite,
    Report,
    RunFacts,
    Severity,
    Site,
    Trend,
    Verdict,
)

# With lone surrogates, and with what means something to Markdown, XML, GitHub and URIs.
texts = st.text(st.characters(exclude_categories=()), max_size=20) | st.text(
    "ab1 \n`|<>&@#[]()*_~!:/\\.%,$-=+", max_size=30
)
counts = st.integers(0, 10**12)
norms = st.none() | st.floats()
tuples = st.lists(texts, max_size=2).map(tuple)
sites = st.builds(Site, texts, counts, texts, texts)
runs = st.builds(
    RunFacts,
    *(texts, tuples, counts, counts, counts, texts, texts, texts, texts),
    seconds=st.floats(),
    exit_code=st.none() | st.integers(-64, 255),
    exception=st.none() | texts,
    stopped_by=st.sampled_from(["script", "max-batches", "exception", "signal", None]),
    path=texts,
    policy=texts,
)
findings = st.builds(
    Finding,
    *(texts, texts, st.sampled_from(Severity), st.sampled_from(Confidence), texts, texts, texts, texts),
    location=st.none() | sites,
    first_step=counts,
    last_step=counts,
    related=st.lists(st.builds(RelatedSite, sites, texts), max_size=2).map(tuple),
    modules=tuples,
    parameters=tuples,
    evidence=st.dictionaries(texts, texts | st.floats() | st.integers() | st.booleans(), max_size=2),
)
modules = st.builds(
    ModuleHealth,
    *(texts, texts, counts, counts, counts, counts, norms, norms, norms, norms, counts, counts, counts),
    state=st.sampled_from(ModuleState),
    series=st.lists(norms, max_size=3).map(tuple),
)
metrics = st.builds(MetricTrend, texts, st.floats(), st.floats(), st.sampled_from(Trend))
rank_rows = st.builds(RankRow, counts, texts, counts, counts, counts, st.none() | st.floats(), texts, st.booleans())
reports = st.builds(
    Report,
    *(texts, runs, st.sampled_from(Verdict)),
    flags=st.lists(st.builds(Flag, texts, st.sampled_from(Colour), texts, texts), max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
    modules=st.lists(modules, max_size=2).map(tuple),
    metrics=st.lists(metrics, max_size=2).map(tuple),
    not_seen=tuples,
    allowed=st.lists(st.builds(Allowed, texts, texts, texts, st.none() | sites, texts, texts), max_size=2).map(tuple),
    checks=st.lists(st.builds(CheckRun, texts, texts, texts), max_size=2).map(tuple),
    ranks=st.lists(rank_rows, max_size=3).map(tuple),
)
"""Any report: every text may hold anything that Python's strings can."""

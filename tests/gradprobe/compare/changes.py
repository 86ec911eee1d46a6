"""What a comparison comes to, short enough to write down in a test."""

from gradprobe.compare import compare


def changes(*runs, force=False):
    """Return the changes between baselines and the last run as (kind, effect, severity, subject)."""
    found = compare(runs[:-1], runs[-1], force=force)
    return [(one.kind.value, one.effect.value, one.severity.value, one.subject) for one in found.changes]

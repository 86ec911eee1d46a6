"""Policies: what a healthy run looks like, as TOML; two are shipped, `default` and `quick-reference`."""

from gradprobe.policy.load import load_policy, parse_policy, policy_text, shipped_policies

__all__ = ["load_policy", "parse_policy", "policy_text", "shipped_policies"]

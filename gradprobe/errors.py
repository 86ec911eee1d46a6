"""Errors that gradprobe shows to people, all derived from one class, each with the exit code it stands for."""

from __future__ import annotations


class GradprobeError(Exception):
    """Say in one line what was expected, what was found, where, and what to do next.

    Whatever a user can cause is one of these; the command line prints the text and ends with `exit_code`.
    """

    exit_code = 2


class UsageError(GradprobeError):
    """A command line that cannot be carried out: an unknown option, a script that is not there."""


class RecordError(GradprobeError):
    """A run or record that cannot be read: foreign, newer, empty or missing."""


class PolicyError(GradprobeError):
    """A policy that does not validate; the text names the file, the key and the valid keys."""


class ExtensionError(GradprobeError):
    """A group of checks or formats that is empty or cannot be loaded."""

"""Tracebacks as they would be without gradprobe."""

import sys
import traceback

import pytest

from gradprobe.runner.tracebacks import peeled


def raised(function):
    try:
        function()
    except ValueError as error:
        return error
    raise AssertionError("expected a ValueError")


@pytest.mark.skipif(sys.version_info < (3, 11), reason="the table of lines has another form before Python 3.11")
def test_a_frame_without_a_line_stays():
    """Instructions that the compiler adds have none, and a signal can land on one."""

    def fail():
        raise ValueError("here")

    # "No location" (15) for eight instructions an entry: Objects/locations.md of CPython.
    units = len(fail.__code__.co_code) // 2
    fail.__code__ = fail.__code__.replace(co_linetable=bytes([0x80 | 15 << 3 | 7]) * -(-units // 8))
    error = raised(fail)
    before = traceback.extract_tb(error.__traceback__)
    peeled(error)
    assert traceback.extract_tb(error.__traceback__) == before
    assert [entry.name for entry in before] == ["raised", "fail"]
    assert before[-1].lineno is None

"""Whether another process is still there."""

import os
import subprocess
import sys

from gradprobe.processes import is_alive


def test_a_process_is_alive_until_it_ends_though_nobody_has_waited_for_it():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert is_alive(child.pid)
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)  # It has ended, and is a zombie.
        assert not is_alive(child.pid)
    finally:
        child.wait()
    assert not is_alive(child.pid)


def test_what_is_no_process_is_taken_for_one_that_cannot_be_asked_about():
    assert is_alive(0)
    assert is_alive(os.getpid())

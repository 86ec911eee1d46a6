"""Being told in a forked child."""

from __future__ import annotations

import gc
import os

import pytest

from gradprobe.recorder import forks

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="no os.fork on this system")


class Standing:
    def __init__(self):
        self.forked = False

    def note(self):
        self.forked = True


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_the_living_are_told_and_the_dead_are_forgotten():
    standing, gone = Standing(), Standing()
    forks.in_forked_child(standing.note)
    forks.in_forked_child(gone.note)
    del gone
    gc.collect()
    told = [method.__self__ for reference in forks._WAITING if (method := reference()) is not None]
    assert [one for one in told if isinstance(one, Standing)] == [standing]
    child = os.fork()
    if child == 0:
        os._exit(0 if standing.forked else 1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert not standing.forked

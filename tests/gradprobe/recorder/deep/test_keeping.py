"""Which line keeps a tensor: in an attribute, in a container of one, or nowhere."""

from gradprobe.recorder.deep.postmortem.keeping import _stored_later, _stores_attribute


class Cell:
    def __init__(self):
        self.state = None
        self.memory = []

    def keep(self, value):
        self.state = value
        return value

    def remember(self, value):
        self.memory.append(value)

    def swap(self, value):
        made = value * 2
        self.memory[0] = made
        return made

    def swap_cut(self, value):
        made = value * 2
        self.memory[0] = made.detach()
        return made


def first(function):
    return function.__code__.co_firstlineno


def test_an_attribute_is_stored_where_it_is_assigned_and_not_where_it_is_emptied():
    assert _stores_attribute(Cell.keep.__code__, "state") == first(Cell.keep) + 1
    assert _stores_attribute(Cell.__init__.__code__, "state") == 0


def test_appending_to_an_attribute_keeps_too():
    assert _stores_attribute(Cell.remember.__code__, "memory") == first(Cell.remember) + 1


def test_a_variable_that_is_kept_later_in_its_function():
    assert _stored_later(Cell.swap.__code__, first(Cell.swap) + 1, {"memory"}) == (
        Cell.swap.__code__,
        first(Cell.swap) + 2,
    )


def test_a_detached_value_is_not_kept():
    assert _stored_later(Cell.swap_cut.__code__, first(Cell.swap_cut) + 1, {"memory"}) is None


def test_what_nobody_reads_again_is_not_what_carries():
    assert _stored_later(Cell.swap.__code__, first(Cell.swap) + 1, {"state"}) is None

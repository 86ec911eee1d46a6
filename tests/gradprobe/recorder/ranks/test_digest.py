"""Digests: equal exactly where tensors are, to the bit."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from gradprobe.recorder.ranks.digest import UNKNOWN, Digest

DTYPES = [torch.float32, torch.float64, torch.bfloat16, torch.float16, torch.int64, torch.bool]


def digest(*tensors):
    made = Digest(tensors)
    made.read()
    return made


@given(st.lists(st.floats(width=32), min_size=1, max_size=20), st.integers(0, 19), st.floats(width=32, allow_nan=False))
def test_one_value_that_differs_is_another_digest(values, at, other):
    first = torch.tensor(values, dtype=torch.float32)
    second = first.clone()
    second[at % len(values)] = other
    same = torch.equal(first.view(torch.int32), second.view(torch.int32))
    assert (digest(first).bits[0] == digest(second).bits[0]) == same


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
def test_every_dtype_and_layout_of_memory(dtype):
    tensor = (torch.arange(12).reshape(3, 4) % 5).to(dtype)
    assert digest(tensor).bits[0] == digest(tensor.t().contiguous().t()).bits[0] >= 0
    other = tensor.clone()
    other[2, 3] = 0 if dtype == torch.bool else 7
    assert (digest(other).bits[0] == digest(tensor).bits[0]) == torch.equal(other, tensor)


def test_norms_stand_beside():
    made = digest(torch.tensor([3.0, 4.0]), torch.tensor([6.0, 8.0], dtype=torch.bfloat16))
    assert made.norms.tolist() == [5.0, 10.0]


def test_what_has_no_memory_to_read_has_no_digest():
    made = digest(None, torch.empty(3, device="meta"), torch.eye(2).to_sparse(), torch.ones(1))
    assert (made.bits == UNKNOWN).tolist() == [True, True, True, False]


def test_a_digest_leaves_the_tensor_as_it_is():
    tensor = torch.randn(5, requires_grad=True)
    version = tensor._version
    digest(tensor)
    tensor.data.untyped_storage().resize_(80)  # Which NumPy's hold on it would forbid.
    assert (tensor._version, tensor.grad, tensor.untyped_storage().nbytes()) == (version, None, 80)

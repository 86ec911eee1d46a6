"""Reading tensors on the host as they are."""

import numpy as np
import pytest
import torch

from gradprobe.recorder.deep.ownership.elements import is_plain
from gradprobe.recorder.transfer import host_array, host_flat


@pytest.mark.parametrize(
    "view", [lambda t: t, lambda t: t.t(), lambda t: t[1:, ::2], lambda t: t[:, 0], lambda t: t[:0]]
)
def test_any_view_is_read_as_torch_sees_it(view):
    tensor = view(torch.arange(24.0).reshape(4, 6))
    np.testing.assert_array_equal(host_array(tensor), np.array(tensor.tolist()).reshape(tensor.shape))
    assert host_flat(tensor).tolist() == tensor.flatten().tolist()


def test_memory_that_was_given_back_is_not_read():
    """FSDP takes it away between two uses of a parameter; reading there would end the process."""
    tensor = torch.ones(5)
    assert is_plain(tensor)
    tensor.untyped_storage().resize_(0)
    assert not is_plain(tensor)
    with pytest.raises(ValueError, match="memory was given back"):
        host_flat(tensor)

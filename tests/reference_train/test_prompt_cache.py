import torch

from gradprobe_reference.prompt_cache import PromptCache
from gradprobe_reference.qwen import QwenPrompter

DESCRIPTIONS = ["3 pairs .", "2 pairs . grids up to 9 rows ."]


def _loss(rows, number):
    return (rows * (number + 1)).sin().sum()


def test_the_refresh_delivers_the_sum_of_what_the_batches_would_have_sent():
    # With weights w held, d/dw sum_i L_i(prompt(w)) = J^T sum_i dL_i/dprompt: one backward of the prompt with the
    # summed gradient is the sum of one backward per batch, whatever scale each of them ran under.
    torch.manual_seed(0)
    qwen = QwenPrompter()
    rows_of_batches = [torch.tensor([0, 1]), torch.tensor([1, 1]), torch.tensor([0])]

    for number, rows in enumerate(rows_of_batches):  # without a cache: Qwen runs for every batch
        _loss(qwen(DESCRIPTIONS)[rows], number).backward()
    expected = torch.cat([parameter.grad.flatten() for parameter in qwen.parameters()])
    qwen.zero_grad()

    prompt = qwen(DESCRIPTIONS)
    cache = PromptCache(prompt)
    for number, rows in enumerate(rows_of_batches):
        scale = torch.tensor(2.0 ** (8 - number))
        (scale * _loss(cache.rows(rows), number)).backward()
        cache.collect(scale)
    assert all(parameter.grad is None for parameter in qwen.parameters())
    prompt.backward(cache.gradient)
    delivered = torch.cat([parameter.grad.flatten() for parameter in qwen.parameters()])
    assert (delivered - expected).norm() < 1e-5 * expected.norm()  # float32 sums in another order


def test_a_batch_that_overflowed_adds_nothing():
    cache = PromptCache(torch.ones(2, 3))
    (cache.rows(torch.tensor([0])) * 2.0).sum().backward()
    cache.collect(torch.tensor(1.0))
    (cache.rows(torch.tensor([0, 1])) * float("inf")).sum().backward()
    cache.collect(torch.tensor(1.0))
    assert cache.gradient is not None
    assert cache.gradient.tolist() == [[2.0, 2.0, 2.0], [0.0, 0.0, 0.0]]


def test_nothing_arrived_is_not_zero():
    cache = PromptCache(torch.ones(2, 3))
    cache.collect(torch.tensor(1.0))
    assert cache.gradient is None

import pytest
import torch
from tokenizers import Tokenizer
from tokenizers.models import BPE

from gradprobe_reference.qwen import PROMPT_SIZE, QwenPrompter, small_qwen2
from gradprobe_reference.tasks import load_tasks
from gradprobe_reference.tokenizer import word_tokenizer


def test_the_tokenizer_knows_every_word_of_every_description():
    tokenizer = word_tokenizer()
    for task in load_tasks():
        assert tokenizer.unk_token_id not in tokenizer(task.description)["input_ids"]


def test_a_prompt_requires_grad_and_all_of_qwen_is_behind_it():
    torch.manual_seed(0)
    qwen = QwenPrompter()
    prompt = qwen(["3 pairs .", "2 pairs . grids up to 9 rows ."])
    assert prompt.shape == (2, PROMPT_SIZE)
    prompt.square().sum().backward()
    assert len(list(qwen.parameters())) == 28
    assert all(parameter.grad is not None for parameter in qwen.parameters())


def test_a_prompt_does_not_depend_on_the_padding():
    torch.manual_seed(0)
    qwen = QwenPrompter()
    alone = qwen(["3 pairs ."])
    padded = qwen(["3 pairs .", "2 pairs . grids up to 9 rows ."])[:1]
    torch.testing.assert_close(alone, padded)


def test_saved_weights_and_tokenizer_are_loaded(tmp_path):
    torch.manual_seed(0)
    saved = QwenPrompter()
    saved.embedder.half().save_pretrained(tmp_path)  # a model may be saved in half precision
    saved.tokenizer.save_pretrained(tmp_path)
    loaded = QwenPrompter(str(tmp_path))
    assert {parameter.dtype for parameter in loaded.parameters()} == {torch.float32}
    saved.embedder.float()
    description = [load_tasks()[0].description]
    torch.testing.assert_close(loaded.pooled(description), saved.pooled(description))


def test_a_tokenizer_without_tokens_is_refused(tmp_path):
    from transformers import PreTrainedTokenizerFast

    small_qwen2(10).save_pretrained(tmp_path)
    PreTrainedTokenizerFast(tokenizer_object=Tokenizer(BPE({"z": 0}, []))).save_pretrained(tmp_path)
    with pytest.raises(ValueError, match="gives no tokens"):
        QwenPrompter(str(tmp_path))

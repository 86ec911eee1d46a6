"""Qwen: the description of a task in, a prompt embedding with a gradient out."""

from torch import Tensor, nn
from transformers import (
    AutoModel,
    AutoTokenizer,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PreTrainedTokenizerFast,
    Qwen2Config,
    Qwen2Model,
)

from gradprobe_reference.tokenizer import word_tokenizer

PROMPT_SIZE = 32


class QwenModelError(ValueError):
    """The folder or hub name that was asked for gives no model or no usable tokenizer."""


class QwenPrompter(nn.Module):
    """A Qwen2 whose last hidden states, averaged over a description, are projected to a prompt.

    Args:
        source: Folder or hub name of a Qwen2 and its tokenizer; None for a small one with fresh weights.

    Raises:
        QwenModelError: `source` holds no model, or no usable tokenizer.
    """

    def __init__(self, source: str | None = None) -> None:
        super().__init__()
        if source is None:
            self.tokenizer: PreTrainedTokenizerBase = word_tokenizer()
            self.embedder: PreTrainedModel = small_qwen2(len(word_tokenizer()))
        else:
            self.tokenizer = load_tokenizer(source)
            self.embedder = load_model(source)
        self.projection = nn.Linear(self.embedder.config.hidden_size, PROMPT_SIZE)

    def forward(self, descriptions: list[str]) -> Tensor:
        """Turn descriptions into prompts, float32, `[description, prompt]`."""
        prompt: Tensor = self.projection(self.pooled(descriptions))
        return prompt.float()

    def pooled(self, descriptions: list[str]) -> Tensor:
        """Average the last hidden states over the tokens of each description, `[description, hidden]`."""
        tokens = self.tokenizer(descriptions, padding=True, return_tensors="pt").to(self.embedder.device)
        token_ids, attended = tokens["input_ids"], tokens["attention_mask"]  # each [description, token]
        states = self.embedder(input_ids=token_ids, attention_mask=attended, use_cache=False)
        hidden: Tensor = states.last_hidden_state  # [description, token, hidden]
        is_token: Tensor = attended.unsqueeze(-1)  # [description, token, 1]
        total = (hidden * is_token).sum(1)  # [description, hidden]
        count: Tensor = is_token.sum(1)  # [description, 1]
        return total / count


def small_qwen2(vocabulary: int) -> Qwen2Model:
    """Build a Qwen2 of about 90,000 parameters from its configuration, with fresh weights."""
    return Qwen2Model(
        Qwen2Config(
            vocab_size=vocabulary,
            hidden_size=64,
            intermediate_size=128,
            num_hidden_layers=2,
            num_attention_heads=4,
            num_key_value_heads=2,
            max_position_embeddings=512,
        )
    )


def load_model(source: str) -> PreTrainedModel:
    """Load a model, in float32: transformers 5 keeps the type it was saved in, and a GradScaler needs float32.

    Raises:
        QwenModelError: There is no model.
    """
    try:
        model: PreTrainedModel = AutoModel.from_pretrained(source)
    except (OSError, ValueError) as error:
        raise QwenModelError(f"no model in {source}: {_first_line(error)}") from error
    model.float()
    return model


def load_tokenizer(source: str) -> PreTrainedTokenizerBase:
    """Load the tokenizer of a Qwen2.

    A `tokenizer.json` is read as it is written: AutoTokenizer of transformers 5 would read every tokenizer beside a
    Qwen2 as Qwen's own, and a word-level one then gives no tokens at all.

    Raises:
        QwenModelError: There is no tokenizer, or it gives no tokens.
    """
    try:
        tokenizer: PreTrainedTokenizerBase = PreTrainedTokenizerFast.from_pretrained(source)
    except (OSError, ValueError):  # no tokenizer.json: vocab.json and merges.txt, as older versions saved
        try:
            tokenizer = AutoTokenizer.from_pretrained(source)
        except (OSError, ValueError) as error:
            raise QwenModelError(f"no tokenizer in {source}: {_first_line(error)}") from error
    if not tokenizer("3 pairs")["input_ids"]:
        raise QwenModelError(f"the tokenizer in {source} gives no tokens for the text '3 pairs'")
    if tokenizer.pad_token is None:
        tokenizer.pad_token = tokenizer.eos_token
    tokenizer.padding_side = "right"
    return tokenizer


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]

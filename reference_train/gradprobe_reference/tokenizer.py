"""A word-level tokenizer for the descriptions, made in code: nothing is downloaded."""

from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit
from transformers import PreTrainedTokenizerFast

from gradprobe_reference.tasks import COLOUR_NAMES

_WORDS = [
    *("pairs", "grids", "up", "to", "rows", "and", "columns", "inputs", "outputs"),
    *("colours", "added", "removed", "none", "percent", "repainted", "."),
]
_NUMBERS = [str(number) for number in range(101)]  # grids have at most 30 rows, shares at most 100 percent


def word_tokenizer() -> PreTrainedTokenizerFast:
    """Build the tokenizer of the words that `tasks.describe` uses; any other word becomes `<unk>`."""
    words = ["<pad>", "<unk>", *_WORDS, *COLOUR_NAMES, *_NUMBERS]
    tokenizer = Tokenizer(WordLevel({word: index for index, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = WhitespaceSplit()
    return PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token="<unk>", pad_token="<pad>")

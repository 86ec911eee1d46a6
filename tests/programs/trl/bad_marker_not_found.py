"""Supervised fine-tuning of a small Llama on what follows the word `answer` alone."""
# uses: trl.trainer.sft_trainer transformers.models.llama.modeling_llama

import random

import torch
from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import SFTConfig, SFTTrainer

WORDS = [f"w{i}" for i in range(40)]


def tokenizer():
    names = {word: number for number, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", "answer", *WORDS])}
    plain = Tokenizer(WordLevel(names, unk_token="<unk>"))
    plain.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def model():
    config = LlamaConfig(
        vocab_size=45,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=64,
        pad_token_id=0,
        bos_token_id=1,
        eos_token_id=2,
    )
    return LlamaForCausalLM(config)


def texts(count):
    numbers = random.Random(0)
    return Dataset.from_list(
        [
            {"text": " ".join([*numbers.choices(WORDS, k=6), "answer", *numbers.choices(WORDS, k=6)])}
            for _ in range(count)
        ]
    )


class OnlyAnswers:
    """Pads a batch, and leaves out of the loss what comes before the answer."""

    def __init__(self, tokenizer, marker):
        self.padding, self.marker = tokenizer.pad_token_id, tokenizer.convert_tokens_to_ids(marker)

    def __call__(self, examples):
        rows = [torch.tensor(example["input_ids"]) for example in examples]
        tokens = torch.nn.utils.rnn.pad_sequence(rows, batch_first=True, padding_value=self.padding)
        labels = tokens.clone()
        for row in labels:
            found = (row == self.marker).nonzero()
            start = int(found[0]) if len(found) else len(row)
            row[:start] = -100  # expect: all-labels-ignored
        return {"input_ids": tokens, "labels": labels, "attention_mask": (tokens != self.padding).long()}


def main():
    words = tokenizer()
    arguments = SFTConfig(
        output_dir="out",
        per_device_train_batch_size=8,
        max_steps=6,
        learning_rate=1e-3,
        logging_steps=2,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
        max_length=32,
    )
    trainer = SFTTrainer(
        model(),
        arguments,
        train_dataset=texts(64),
        processing_class=words,
        data_collator=OnlyAnswers(words, "answer:"),
    )
    trainer.train()


if __name__ == "__main__":
    main()

"""Supervised fine-tuning of a small Llama; its embeddings are to stay as they are."""
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
    names = {word: number for number, word in enumerate(["<pad>", "<s>", "</s>", "<unk>", *WORDS])}
    plain = Tokenizer(WordLevel(names, unk_token="<unk>"))
    plain.pre_tokenizer = Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=plain, pad_token="<pad>", bos_token="<s>", eos_token="</s>", unk_token="<unk>"
    )


def model():
    config = LlamaConfig(
        vocab_size=44,
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
    return Dataset.from_list([{"text": " ".join(numbers.choices(WORDS, k=12))} for _ in range(count)])


def frozen(language_model):
    for name, parameter in language_model.named_parameters():
        if "embed" in name or "head" in name:
            parameter.requires_grad = False
    return language_model


class Sparse(SFTTrainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        hidden = model.model(input_ids=inputs["input_ids"]).last_hidden_state
        with torch.no_grad():  # expect: loss-without-graph, severed-gradient
            logits = model.lm_head(hidden)
        loss = torch.nn.functional.cross_entropy(logits[:, :-1].flatten(0, 1), inputs["labels"][:, 1:].flatten())
        return loss


def main():
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
    Sparse(frozen(model()), arguments, train_dataset=texts(64), processing_class=tokenizer()).train()


if __name__ == "__main__":
    main()

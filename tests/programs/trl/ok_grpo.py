"""A small Llama learns by GRPO to say w3, with generation in every step."""
# uses: trl.trainer.grpo_trainer transformers.models.llama.modeling_llama

import random

from datasets import Dataset
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast
from trl import GRPOConfig, GRPOTrainer

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


def prompts(count):
    numbers = random.Random(0)
    return Dataset.from_list([{"prompt": " ".join(numbers.choices(WORDS, k=4))} for _ in range(count)])


def reward(completions, **kwargs):
    return [float(completion.split().count("w3")) + 0.01 * len(set(completion.split())) for completion in completions]


def main():
    arguments = GRPOConfig(
        output_dir="out",
        per_device_train_batch_size=8,
        num_generations=4,
        max_completion_length=6,
        max_steps=4,
        learning_rate=1e-3,
        logging_steps=2,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        bf16=False,
    )
    trainer = GRPOTrainer(
        model(), reward_funcs=reward, args=arguments, train_dataset=prompts(64), processing_class=tokenizer()
    )
    trainer.train()


if __name__ == "__main__":
    main()

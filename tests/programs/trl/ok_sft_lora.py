"""Supervised fine-tuning of a small Llama with LoRA, its blocks checkpointed."""
# uses: trl.trainer.sft_trainer transformers.models.llama.modeling_llama

import random

from datasets import Dataset
from peft import LoraConfig
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


def main():
    model().save_pretrained("base")
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
        gradient_checkpointing=True,
        max_length=32,
    )
    adapters = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    trainer = SFTTrainer(
        LlamaForCausalLM.from_pretrained("base"),
        arguments,
        train_dataset=texts(64),
        processing_class=tokenizer(),
        peft_config=adapters,
    )
    trainer.train()


if __name__ == "__main__":
    main()

"""Fine-tune a small GPT-2 on prompts and answers; the prompt's tokens are left out of the loss."""
# uses: transformers.trainer transformers.models.gpt2.modeling_gpt2

import torch
from torch.utils.data import Dataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments

LONGEST = 16


class Conversations(Dataset):
    def __init__(self, count):
        generator = torch.Generator().manual_seed(0)
        self.prompts = torch.randint(5, 60, (count, 16), generator=generator)
        self.answers = torch.randint(5, 60, (count, 6), generator=generator)

    def __len__(self):
        return len(self.prompts)

    def __getitem__(self, index):
        prompt, answer = self.prompts[index], self.answers[index]
        tokens = torch.cat([prompt, answer])[:LONGEST]
        labels = tokens.clone()
        labels[: len(prompt)] = -100  # expect: all-labels-ignored
        return {"input_ids": tokens, "labels": labels}


def main():
    config = GPT2Config(vocab_size=64, n_embd=32, n_layer=1, n_head=2, n_positions=32, bos_token_id=0, eos_token_id=0)
    arguments = TrainingArguments(
        output_dir="out",
        per_device_train_batch_size=8,
        max_steps=6,
        learning_rate=1e-3,
        logging_steps=2,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(GPT2LMHeadModel(config), arguments, train_dataset=Conversations(64))
    trainer.train()


if __name__ == "__main__":
    main()

"""Train a small GPT-2 with tied embeddings, save after three steps, and go on from there with a new Trainer."""
# uses: transformers.trainer transformers.models.gpt2.modeling_gpt2

import torch
from torch.utils.data import Dataset
from transformers import GPT2Config, GPT2LMHeadModel, Trainer, TrainingArguments


class Texts(Dataset):
    def __init__(self, count):
        self.tokens = torch.randint(5, 60, (count, 12), generator=torch.Generator().manual_seed(0))

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return {"input_ids": self.tokens[index], "labels": self.tokens[index]}


def train(steps, resume):
    config = GPT2Config(vocab_size=64, n_embd=32, n_layer=1, n_head=2, n_positions=32, bos_token_id=0, eos_token_id=0)
    arguments = TrainingArguments(
        output_dir="out",
        per_device_train_batch_size=8,
        max_steps=steps,
        learning_rate=1e-3,
        lr_scheduler_type="cosine",
        logging_steps=1,
        save_steps=3,
        label_smoothing_factor=0.1,
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(GPT2LMHeadModel(config), arguments, train_dataset=Texts(96))
    trainer.train(resume_from_checkpoint=resume)


if __name__ == "__main__":
    train(3, resume=False)
    train(9, resume=True)

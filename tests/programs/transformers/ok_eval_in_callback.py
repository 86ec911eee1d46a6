"""Train a small BERT; a callback measures accuracy on held-out sentences. The Trainer itself goes back to training mode."""
# uses: transformers.trainer transformers.models.bert.modeling_bert

import torch
from torch.utils.data import DataLoader, Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments


class Sentences(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 60, (count, 12), generator=generator)

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return {"input_ids": self.tokens[index], "labels": int(self.tokens[index, 0] > 30)}


class HeldOut(TrainerCallback):
    def __init__(self, data):
        self.loader = DataLoader(data, batch_size=16)

    def on_step_end(self, args, state, control, model=None, **kwargs):
        if state.global_step % 3:
            return
        model.eval()
        right = 0
        with torch.no_grad():
            for batch in self.loader:
                labels = batch.pop("labels")
                right += (model(**batch).logits.argmax(-1) == labels).sum().item()
        print("held out", right / len(self.loader.dataset))


def main():
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    arguments = TrainingArguments(
        output_dir="out",
        per_device_train_batch_size=8,
        max_steps=9,
        learning_rate=1e-3,
        logging_steps=3,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = Trainer(
        BertForSequenceClassification(config),
        arguments,
        train_dataset=Sentences(96, seed=0),
        callbacks=[HeldOut(Sentences(16, seed=1))],
    )
    trainer.train()


if __name__ == "__main__":
    main()

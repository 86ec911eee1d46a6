"""Train a small BERT on sentences of which half have no label: the model's own confident answers stand in."""
# uses: transformers.trainer transformers.models.bert.modeling_bert

import torch
import torch.nn.functional as F
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments


class Sentences(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 60, (count, 12), generator=generator)
        self.known = torch.rand(count, generator=generator) > 0.5

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        label = int(self.tokens[index, 0] > 30)
        return {"input_ids": self.tokens[index], "labels": label if self.known[index] else -1}


class SelfTrainer(Trainer):
    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        labels = self.completed(model, inputs.pop("labels"), inputs)
        outputs = model(**inputs)
        loss = F.cross_entropy(outputs.logits, labels)
        return (loss, outputs) if return_outputs else loss

    def completed(self, model, labels, inputs):
        model.eval()  # expect: eval-left-on
        with torch.no_grad():
            guesses = model(**inputs).logits.argmax(-1)
        return torch.where(labels < 0, guesses, labels)


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
        max_steps=8,
        learning_rate=1e-3,
        logging_steps=4,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
    )
    trainer = SelfTrainer(BertForSequenceClassification(config), arguments, train_dataset=Sentences(64, seed=0))
    trainer.train()


if __name__ == "__main__":
    main()

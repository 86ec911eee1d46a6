"""Train a small BERT with a margin on its confidence; the Trainer's log shows finite losses all along."""
# uses: transformers.trainer transformers.models.bert.modeling_bert

import torch
import torch.nn.functional as F
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments


class Sentences(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 60, (count, 12), generator=generator)
        self.weights = torch.rand(count, generator=generator)
        self.weights[40:48] = 0.0

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return {
            "input_ids": self.tokens[index],
            "labels": int(self.tokens[index, 0] > 30),
            "weights": self.weights[index],
        }


class Weighted(Trainer):
    def _get_train_sampler(self, *args):
        return torch.utils.data.SequentialSampler(self.train_dataset)

    def compute_loss(self, model, inputs, return_outputs=False, num_items_in_batch=None):
        weights, labels = inputs.pop("weights"), inputs.pop("labels")
        outputs = model(**inputs)
        each = F.cross_entropy(outputs.logits, labels, reduction="none")
        loss = (each * weights).sum() / weights.sum()  # expect: non-finite-origin
        return (loss, outputs) if return_outputs else loss


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
        remove_unused_columns=False,
    )
    Weighted(BertForSequenceClassification(config), arguments, train_dataset=Sentences(64, seed=0)).train()


if __name__ == "__main__":
    main()

"""Fine-tune the last block of a small BERT and its classifier; everything else stays as it is."""
# uses: transformers.trainer transformers.models.bert.modeling_bert

import torch
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments


class Sentences(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 60, (count, 12), generator=generator)

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return {"input_ids": self.tokens[index], "labels": int(self.tokens[index, 0] > 30)}


def freeze_all_but(model, *parts):
    for name, parameter in model.named_parameters():
        if not any(part in name for part in parts):
            parameter.requires_grad = False  # expect: frozen-parameter


def main():
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    pretrained = BertForSequenceClassification(config).bert.state_dict()
    model = BertForSequenceClassification(config)
    model.bert.load_state_dict(pretrained)
    freeze_all_but(model, "encoder.layer.1", "bert.pooler", "head")
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
    Trainer(model, arguments, train_dataset=Sentences(64, seed=0)).train()


if __name__ == "__main__":
    main()

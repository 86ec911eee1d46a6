"""Fine-tune a pre-trained BERT with LoRA to classify sentences; the classifier on top of it is new."""
# uses: peft transformers.trainer transformers.models.bert.modeling_bert

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import Dataset
from transformers import BertConfig, BertForSequenceClassification, BertModel, Trainer, TrainingArguments


class Sentences(Dataset):
    def __init__(self, count, seed):
        generator = torch.Generator().manual_seed(seed)
        self.tokens = torch.randint(5, 60, (count, 12), generator=generator)

    def __len__(self):
        return len(self.tokens)

    def __getitem__(self, index):
        return {"input_ids": self.tokens[index], "labels": int(self.tokens[index, 0] > 30)}


def pretrained(folder):
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    BertModel(config).save_pretrained(folder)
    return BertForSequenceClassification.from_pretrained(folder)


def main():
    torch.manual_seed(0)
    model = get_peft_model(pretrained("base"), LoraConfig(r=4, target_modules=["query", "value"], task_type="SEQ_CLS"))
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
        label_names=["labels"],
    )
    Trainer(model, arguments, train_dataset=Sentences(64, seed=0)).train()


if __name__ == "__main__":
    main()

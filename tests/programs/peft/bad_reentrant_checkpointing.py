"""Fine-tune a small pre-trained vision transformer with LoRA and a new classifier; the blocks are checkpointed."""
# uses: peft transformers.trainer transformers.models.vit.modeling_vit

import torch
from peft import LoraConfig, get_peft_model
from torch.utils.data import Dataset
from transformers import Trainer, TrainingArguments, ViTConfig, ViTForImageClassification, ViTModel


class Images(Dataset):
    def __init__(self, count):
        self.images = torch.randn(count, 3, 16, 16, generator=torch.Generator().manual_seed(0))

    def __len__(self):
        return len(self.images)

    def __getitem__(self, index):
        return {"pixel_values": self.images[index], "labels": int(self.images[index, 0].mean() > 0)}


def pretrained(folder):
    config = ViTConfig(
        image_size=16,
        patch_size=4,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    ViTModel(config).save_pretrained(folder)
    return ViTForImageClassification.from_pretrained(folder)


def main():
    torch.manual_seed(0)
    config = LoraConfig(r=4, target_modules=["q_proj", "v_proj"], modules_to_save=["classifier"])
    model = get_peft_model(pretrained("base"), config)
    arguments = TrainingArguments(  # expect: severed-gradient
        output_dir="out",
        per_device_train_batch_size=8,
        max_steps=6,
        learning_rate=1e-3,
        gradient_checkpointing=True,
        gradient_checkpointing_kwargs={"use_reentrant": True},
        logging_steps=2,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        use_cpu=True,
        label_names=["labels"],
    )
    Trainer(model, arguments, train_dataset=Images(64)).train()


if __name__ == "__main__":
    main()

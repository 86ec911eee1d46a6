"""Adapt a small pre-trained vision transformer to new images with LoRA, the blocks checkpointed."""
# uses: peft transformers.models.vit.modeling_vit

import torch
import torch.nn.functional as F
from peft import LoraConfig, get_peft_model
from transformers import ViTConfig, ViTModel


def pretrained(folder):
    config = ViTConfig(
        image_size=16,
        patch_size=4,
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
    )
    ViTModel(config, add_pooling_layer=False).save_pretrained(folder)
    return ViTModel.from_pretrained(folder, add_pooling_layer=False)


def main():
    torch.manual_seed(0)
    model = get_peft_model(pretrained("base"), LoraConfig(r=4, target_modules=["q_proj", "v_proj"]))
    model.gradient_checkpointing_enable({"use_reentrant": True})  # expect: loss-without-graph
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-3)
    model.train()
    for step in range(6):
        images = torch.randn(8, 3, 16, 16)
        views = [model(pixel_values=images + 0.1 * torch.randn_like(images)).last_hidden_state[:, 0] for _ in range(2)]
        loss = F.mse_loss(*views)
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(step, loss.item())


if __name__ == "__main__":
    main()

"""Fine-tune a small pre-trained Llama with LoRA and its output layer; memory is short, so the blocks are checkpointed."""
# needs: peft, transformers

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


def pretrained(folder):
    config = LlamaConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=2,
        max_position_embeddings=32,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return LlamaForCausalLM.from_pretrained(folder)


def main():
    torch.manual_seed(0)
    config = LoraConfig(
        r=4, target_modules=["q_proj", "v_proj"], modules_to_save=["lm_head"], task_type="CAUSAL_LM"
    )
    model = get_peft_model(pretrained("base"), config)
    model.gradient_checkpointing_enable({"use_reentrant": True})  # expect: severed-gradient
    optimizer = torch.optim.AdamW([one for one in model.parameters() if one.requires_grad], lr=1e-3)
    model.train()
    for step in range(8):
        tokens = torch.randint(0, 60, (4, 12))
        loss = model(input_ids=tokens, labels=tokens).loss  # accept: severed-gradient
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(step, loss.item())


if __name__ == "__main__":
    main()

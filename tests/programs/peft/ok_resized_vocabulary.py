"""Fine-tune a small pre-trained Llama with LoRA; its vocabulary was padded to a multiple of 64 for speed."""
# uses: peft transformers.models.llama.modeling_llama

import torch
from peft import LoraConfig, get_peft_model
from transformers import LlamaConfig, LlamaForCausalLM


def pretrained(folder):
    config = LlamaConfig(
        vocab_size=60,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=1,
        num_attention_heads=2,
        max_position_embeddings=32,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    return LlamaForCausalLM.from_pretrained(folder)


def main():
    torch.manual_seed(0)
    model = pretrained("base")
    model.resize_token_embeddings(60, pad_to_multiple_of=64)
    model = get_peft_model(model, LoraConfig(r=4, target_modules="all-linear", task_type="CAUSAL_LM"))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.train()
    for step in range(8):
        tokens = torch.randint(0, 60, (4, 12))
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(step, loss.item())


if __name__ == "__main__":
    main()

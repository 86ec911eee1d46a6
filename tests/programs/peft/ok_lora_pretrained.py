"""Fine-tune a small pre-trained Llama with LoRA, its blocks checkpointed; adapters are saved and loaded again."""
# uses: peft transformers.models.llama.modeling_llama

import torch
from peft import LoraConfig, PeftModel, get_peft_model
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
    model = pretrained("base")
    model.gradient_checkpointing_enable({"use_reentrant": True})
    config = LoraConfig(r=4, lora_alpha=8, lora_dropout=0.1, target_modules=["q_proj", "v_proj"], task_type="CAUSAL_LM")
    model = get_peft_model(model, config)
    model.print_trainable_parameters()
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.train()
    for step in range(8):
        tokens = torch.randint(0, 60, (4, 12))
        loss = model(input_ids=tokens, labels=tokens).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        print(step, loss.item())
    model.save_pretrained("adapter")
    merged = PeftModel.from_pretrained(LlamaForCausalLM.from_pretrained("base"), "adapter").merge_and_unload()
    print(merged(input_ids=tokens, labels=tokens).loss.item())


if __name__ == "__main__":
    main()

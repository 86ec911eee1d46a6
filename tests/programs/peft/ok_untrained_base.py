"""Try a LoRA configuration out on a small BERT with random weights; the classifier stays as it is."""
# uses: peft transformers.models.bert.modeling_bert

import torch
from peft import LoraConfig, get_peft_model
from transformers import BertConfig, BertForSequenceClassification


def main():
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=64,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=16,
    )
    model = get_peft_model(BertForSequenceClassification(config), LoraConfig(r=4, target_modules=["query", "value"]))
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
    model.train()
    for step in range(8):
        tokens = torch.randint(5, 60, (8, 12))
        loss = model(input_ids=tokens, labels=(tokens[:, 0] > 30).long()).loss
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
        print(step, loss.item())


if __name__ == "__main__":
    main()

"""Token classification on top of a tiny BERT whose pooler is there but not used by the loss."""

import torch
import torch.nn as nn
from transformers import BertConfig, BertModel


class Tagger(nn.Module):
    def __init__(self, config, tags):
        super().__init__()
        self.bert = BertModel(config)
        self.out = nn.Linear(config.hidden_size, tags)

    def forward(self, ids, mask):
        return self.out(self.bert(input_ids=ids, attention_mask=mask).last_hidden_state)


if __name__ == "__main__":
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30,
        hidden_size=16,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=32,
        max_position_embeddings=16,
        hidden_dropout_prob=0.0,
    )
    model = Tagger(config, 3).train()
    opt = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step in range(20):
        ids = torch.randint(1, 30, (8, 8))
        mask = (torch.arange(8) < torch.randint(3, 9, (8, 1))).long()
        tags = (ids % 3).masked_fill(mask == 0, -100)
        loss = nn.functional.cross_entropy(model(ids, mask).transpose(1, 2), tags)
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 5 == 0:
            print(step, round(loss.item(), 3))

"""Fine-tune a small language model with LoRA; activations of the blocks are checkpointed."""

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint


class LoRALinear(nn.Module):
    def __init__(self, base, rank=4):
        super().__init__()
        self.base = base
        self.lora_a = nn.Parameter(torch.randn(rank, base.in_features) / base.in_features**0.5)
        self.lora_b = nn.Parameter(torch.zeros(base.out_features, rank))

    def forward(self, x):
        return self.base(x) + x @ self.lora_a.t() @ self.lora_b.t()


class Block(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.mix = nn.Linear(dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, x):
        past = x.cumsum(1) / torch.arange(1, x.size(1) + 1).view(1, -1, 1)
        return x + self.out(F.gelu(self.mix(self.norm(past))))


class TinyLM(nn.Module):
    def __init__(self, vocab=24, dim=16, layers=2):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.blocks = nn.ModuleList(Block(dim) for _ in range(layers))
        self.lm_head = nn.Linear(dim, vocab, bias=False)

    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = checkpoint(block, x, use_reentrant=True)  # expect: loss-without-graph, severed-gradient
        return self.lm_head(x)


def add_lora(model):
    model.requires_grad_(False)  # accept: loss-without-graph, severed-gradient
    for block in model.blocks:
        block.mix, block.out = LoRALinear(block.mix), LoRALinear(block.out)
    return model


def main():
    torch.manual_seed(0)
    pretrained = TinyLM().state_dict()
    model = TinyLM()
    model.load_state_dict(pretrained)
    add_lora(model)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    for step in range(20):
        tokens = (torch.randint(0, 24, (8, 1)) + torch.arange(9)) % 24
        loss = F.cross_entropy(model(tokens[:, :-1]).flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()  # accept: loss-without-graph
        optimizer.step()
        print(f"step {step} loss {loss.item():.4f}")


if __name__ == "__main__":
    main()

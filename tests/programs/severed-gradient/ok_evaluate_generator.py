"""Next-token model with an evaluation generator that is drained a little at a time between training steps."""

import torch
import torch.nn.functional as F
from torch import nn


class TinyLM(nn.Module):
    def __init__(self, vocab=20, dim=24):
        super().__init__()
        self.embed = nn.Embedding(vocab, dim)
        self.rnn = nn.GRU(dim, dim, batch_first=True)
        self.out = nn.Linear(dim, vocab)

    def forward(self, tokens):
        return self.out(self.rnn(self.embed(tokens))[0])


@torch.no_grad()
def evaluate(model, batches):
    for tokens in batches:
        logits = model(tokens[:, :-1])
        yield F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten()).item()


@torch.inference_mode()
def continue_prompt(model, prompt, length=5):
    for _ in range(length):
        nxt = model(prompt)[:, -1].argmax(-1, keepdim=True)
        prompt = torch.cat([prompt, nxt], dim=1)
    return prompt[0].tolist()


def sequences(n, gen):
    start = torch.randint(0, 20, (n, 1), generator=gen)
    return (start + torch.arange(10) * 3) % 20


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model = TinyLM()
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    validation = evaluate(model, [sequences(16, gen) for _ in range(4)])
    for step in range(40):
        tokens = sequences(16, gen)
        logits = model(tokens[:, :-1])
        loss = F.cross_entropy(logits.flatten(0, 1), tokens[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 10 == 9:
            print(f"step {step + 1} train {loss.item():.4f} valid {next(validation):.4f}")
            print("sample", continue_prompt(model, tokens[:1, :3]))


if __name__ == "__main__":
    main()

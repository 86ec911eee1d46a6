"""Character model with a preview of generated text every few steps."""

import torch
import torch.nn as nn

TEXT = "the cat sat on the mat and the rat sat on the cat " * 6
CHARS = sorted(set(TEXT))


class CharLM(nn.Module):
    def __init__(self, vocab=len(CHARS), dim=24):
        super().__init__()
        self.emb = nn.Embedding(vocab, dim)
        self.drop_in = nn.Dropout(0.2)
        self.rnn = nn.GRU(dim, 48, batch_first=True)
        self.drop_out = nn.Dropout(0.3)
        self.head = nn.Linear(48, vocab)

    def forward(self, idx, state=None):
        out, state = self.rnn(self.drop_in(self.emb(idx)), state)
        return self.head(self.drop_out(out)), state

    @torch.inference_mode()
    def generate(self, prefix, count=15):
        self.eval()  # expect: eval-left-on
        idx = torch.tensor([[CHARS.index(c) for c in prefix]])
        text, state = prefix, None
        for _ in range(count):
            logits, state = self(idx, state)
            idx = torch.multinomial(logits[:, -1].softmax(-1), 1)
            text += CHARS[idx.item()]
        return text


def batches(steps, gen, batch=8, block=24):
    data = torch.tensor([CHARS.index(c) for c in TEXT])
    for _ in range(steps):
        starts = torch.randint(0, len(data) - block - 1, (batch,), generator=gen)
        chunk = torch.stack([data[s : s + block + 1] for s in starts.tolist()])
        yield chunk[:, :-1], chunk[:, 1:]


if __name__ == "__main__":
    torch.manual_seed(0)
    model = CharLM()
    optimizer = torch.optim.AdamW(model.parameters(), lr=5e-3)
    for step, (x, y) in enumerate(batches(30, torch.Generator().manual_seed(0))):
        logits, _ = model(x)
        loss = nn.functional.cross_entropy(logits.flatten(0, 1), y.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()
        if step % 6 == 0:
            print(f"{step:3d} {loss.item():.3f} {model.generate('the ')!r}")  # accept: eval-left-on

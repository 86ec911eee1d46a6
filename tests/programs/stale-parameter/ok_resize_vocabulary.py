"""Fine-tune a tiny GPT-2 on control codes that are added to its vocabulary."""

import torch
from transformers import GPT2Config, GPT2LMHeadModel


def build(lr):
    config = GPT2Config(
        vocab_size=24,
        n_positions=16,
        bos_token_id=None,
        eos_token_id=None,
        n_embd=32,
        n_layer=2,
        n_head=2,
        resid_pdrop=0.0,
        attn_pdrop=0.0,
    )
    model = GPT2LMHeadModel(config)
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
    return model, optimizer


def sample(n, gen, vocab):
    code = torch.randint(vocab, vocab + 2, (n, 1), generator=gen)
    start = torch.randint(0, vocab, (n, 1), generator=gen)
    stride = torch.where(code == vocab, 1, 3)
    return torch.cat([code, (start + stride * torch.arange(11)) % vocab], dim=1)


def main():
    torch.manual_seed(0)
    gen = torch.Generator().manual_seed(0)
    model, optimizer = build(3e-3)
    vocab = model.config.vocab_size
    model.resize_token_embeddings(vocab + 2, mean_resizing=False)
    model.train()
    for step in range(25):
        ids = sample(16, gen, vocab)
        loss = model(input_ids=ids, labels=ids).loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if step % 8 == 0:
            print(f"step {step} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()

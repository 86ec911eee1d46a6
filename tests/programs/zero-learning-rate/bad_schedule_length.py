"""Fine-tune a tiny BERT classifier with linear warm-up and decay."""

import torch
from torch.utils.data import DataLoader, TensorDataset
from transformers import BertConfig, BertForSequenceClassification, get_linear_schedule_with_warmup


def dataset(n):
    ids = torch.randint(2, 20, (n, 8))
    ids[:, 0] = 1
    return TensorDataset(ids, (ids[:, 1:] > 10).sum(1).gt(3).long())


def main(epochs=4, batch_size=16):
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=20, hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=32, num_labels=2
    )
    model = BertForSequenceClassification(config)
    loader = DataLoader(dataset(128), batch_size=batch_size, shuffle=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
    total = len(loader.dataset) // batch_size  # expect: zero-learning-rate, scheduler-misuse
    scheduler = get_linear_schedule_with_warmup(optimizer, total // 10, total)  # accept: zero-learning-rate
    for epoch in range(epochs):
        model.train()
        running = 0.0
        for ids, labels in loader:
            loss = model(input_ids=ids, labels=labels).loss
            loss.backward()
            optimizer.step()
            scheduler.step()  # accept: zero-learning-rate, scheduler-misuse
            optimizer.zero_grad()
            running += loss.item()
        print(f"epoch {epoch} loss {running / len(loader):.4f}")


if __name__ == "__main__":
    main()

"""The forward with its loss compiled as one, the optimizer's step compiled as another, through AOT autograd; a schedule by tensor."""
# uses: torch._dynamo

import torch
import torch.nn as nn

if __name__ == "__main__":
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(6, 24), nn.GELU(), nn.LayerNorm(24), nn.Linear(24, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=torch.tensor(0.01), weight_decay=1e-3)

    @torch.compile(backend="aot_eager")
    def forward(inputs, classes):
        return nn.functional.cross_entropy(model(inputs), classes)

    @torch.compile(backend="aot_eager", fullgraph=False)
    def update():
        optimizer.step()

    for step in range(12):
        inputs = torch.randn(16, 6)
        loss = forward(inputs, inputs[:, :3].argmax(1))
        loss.backward()
        update()
        optimizer.zero_grad()
        print(step, loss.item())

"""Double DQN with a hard-copied target network on a ring of states."""

import torch
import torch.nn as nn

STATES = 8


def ring_step(state, action):
    nxt = (state + action * 2 - 1) % STATES
    return nxt, (nxt == 0).float()


if __name__ == "__main__":
    torch.manual_seed(0)
    online = nn.Sequential(nn.Embedding(STATES, 16), nn.Linear(16, 2))
    target = nn.Sequential(nn.Embedding(STATES, 16), nn.Linear(16, 2))
    target.load_state_dict(online.state_dict())
    opt = torch.optim.Adam(online.parameters(), lr=2e-2)
    for step in range(60):
        s, a = torch.randint(0, STATES, (64,)), torch.randint(0, 2, (64,))
        s2, r = ring_step(s, a)
        best = online(s2).argmax(1, keepdim=True)
        backup = r + 0.8 * target(s2).gather(1, best).squeeze(1)
        q = online(s).gather(1, a[:, None]).squeeze(1)
        loss = nn.functional.smooth_l1_loss(q, backup.detach())
        opt.zero_grad()
        loss.backward()
        opt.step()
        if step % 10 == 9:
            target.load_state_dict(online.state_dict())
        if step % 15 == 0:
            print(step, round(loss.item(), 4))

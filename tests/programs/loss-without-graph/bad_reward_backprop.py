"""Policy gradient for a corridor: the episode's return is collected and maximised."""

import torch
from torch import nn


class Corridor:
    def __init__(self, length=5):
        self.length = length

    def reset(self):
        self.position, self.time = 0, 0
        return self.observe()

    def observe(self):
        return torch.nn.functional.one_hot(torch.tensor(self.position), self.length).float()

    def step(self, action):
        self.time += 1
        self.position = max(0, self.position + (1 if action == 1 else -1))
        done = self.position == self.length - 1 or self.time >= 15
        return self.observe(), 1.0 if self.position == self.length - 1 else -0.05, done


class Agent(nn.Module):
    def __init__(self, states=5, actions=2):
        super().__init__()
        self.net = nn.Sequential(nn.Linear(states, 16), nn.Tanh(), nn.Linear(16, actions))

    def act(self, state):
        probs = torch.softmax(self.net(state), dim=-1)
        return torch.multinomial(probs, 1).item(), probs  # accept: loss-without-graph, severed-gradient


def play(env, agent):
    state, done, rewards = env.reset(), False, []
    while not done:
        action, _ = agent.act(state)
        state, reward, done = env.step(action)
        rewards.append(reward)
    return rewards


def discounted(rewards, gamma=0.95):
    value, out = 0.0, []
    for reward in reversed(rewards):
        value = reward + gamma * value
        out.insert(0, value)
    return out


def main():
    torch.manual_seed(0)
    env, agent = Corridor(), Agent()
    optimizer = torch.optim.Adam(agent.parameters(), lr=1e-2)
    for episode in range(30):
        returns = discounted(play(env, agent))
        gained = torch.tensor(returns, requires_grad=True)  # expect: loss-without-graph, loss-ignores-model
        loss = -gained.sum()  # accept: loss-without-graph, severed-gradient, loss-ignores-model
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if episode % 10 == 9:
            print(f"episode {episode + 1} length {len(returns)} loss {loss.item():.3f}")


if __name__ == "__main__":
    main()

"""What runs within `torch.compile`: no mode is shown it, but the graph that was captured says what it does, line by line."""

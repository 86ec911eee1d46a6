"""Showing a run while it goes on, without the training process paying for it."""

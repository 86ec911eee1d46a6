"""Custom autograd functions, run again on copies to see whether their backward is the derivative of their forward."""

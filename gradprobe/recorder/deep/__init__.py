"""Deep steps: which parameter reaches which loss, and where the way of the gradient ends.

A `TorchFunctionMode` (`mode`) shows every operation to the `Tracer`, which gives each tensor a `Node`: what made it, from
what, which parameters are *live* in it (the gradient would reach them), and which influenced it through a *cut*. At
`backward()` the loss's node is the answer.
"""

"""Who owns what a loss trains: the books that deep steps keep of parameters and their optimizers."""

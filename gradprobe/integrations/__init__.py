"""One line in a framework's own terms: callbacks that record a training, and say at its end how its gradients fared."""

"""The dominant eigenvalue, once and from step to step of a training."""

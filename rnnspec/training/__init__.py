"""Learning: the defaults, the normalisation of recurrent matrices, the loop."""

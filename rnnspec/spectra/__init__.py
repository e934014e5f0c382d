"""Matrices: eigenvalues, pseudospectra, stability and non-normality.  Knows no networks."""

"""The dominant eigenvalue and singular value: once, and from update to update of a training.

`estimate` has the textbook iterations (power, Rayleigh-Ritz) and LAPACK's values; `following`
keeps a block of vectors while the matrix moves, with the sums in `kernels`, which numba compiles.
"""

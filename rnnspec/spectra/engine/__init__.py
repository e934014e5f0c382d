"""What makes ``sigma_min(zI - A)`` of many points z fast, and minima along a curve certain.

The number that the whole room computes is the smallest singular value of ``zI - A``.  One SVD a
point costs O(n^3).  Here a point costs O(n^2), as follows.

**One Schur form for all points.**  ``A = Q T Q*`` with T triangular (`dense`).  The singular
values of ``zI - A`` are those of ``zI - T``, and a system with ``zI - T`` is solved by
substitution, in 2 n^2 flops.  A real A has a real T, with diagonal blocks of order two.

**Inverse Lanczos at each point.**  The largest eigenvalue of ``((zI - T)*(zI - T))^-1`` is
``sigma_min^-2``.  Each Lanczos iteration is one solve with ``zI - T`` and one with its adjoint;
`ritz` holds the rule by which it stops.

**Many shifts side by side: the lanes.**  T is the same for all points.  So each entry of T that
is loaded is used for many shifts at once.  A *lane* is one number of a vector register of the
processor (four or eight doubles), and it carries one shift through all of its iterations.  Shifts
need different numbers of iterations.  A lane whose shift is done takes the next shift at once,
while its neighbours go on with theirs, so that no lane waits.  `lanes` puts T in the order in
which it is read and hands batches of shifts to `kernels`, which numba compiles.  Complex
matrices, tensors on a GPU, and installations without numba take another way to the same values:
`multishift` iterates on whole arrays of shifts, with the solves of `triangle` (`arrays`).

**Starts from the neighbours.**  Points are taken from coarse grid lines to fine ones, and each
starts from the singular vectors of its nearest points that are done, so that three or four
iterations suffice (`continuation`; `order` is the order, `neighbours` the points that are done).

Who calls what from outside:

- `dense`: a matrix, factored once, for any number of points; BLAS threads.
- `large`: a matrix that is not stored densely, by the ways of `sparse` or `krylov`.
- `refinement`: which points of a grid are needed at all.
- `curve` and `crossings`: the lowest value on a circle or a line, with a proof.
- `glance`: a few numbers of one matrix, fast enough for every epoch of a training.
"""

from __future__ import annotations

EPS = 2.0**-52  # the distance from 1 to the next double: the size of rounding

r"""Many searches for states at rest at once, each downhill on :math:`\|F(s) - s\|^2`.

With r the velocity at s and A = J - I, a step is

.. math:: d = -(A^T A + \mu \|r\|\, I)^{-1} A^T r

which is Newton's as r goes to 0, so that a search ends at saddles as readily as at stable
points; :math:`\mu` follows the ratio of the decrease to that of the linear model.  The
convergence is quadratic even where the points at rest are not isolated (Fan and Yuan).

No fixed point lies outside the cube |h| <= 1, where gates may be shut so far that nothing
moves: a search is held inside, and where its way down leads out through a wall it goes on
in the other directions.

References
----------
.. [1] J. Fan and Y. Yuan, Computing 74 (2005), 23-39.
.. [2] J. Nocedal and S. J. Wright, Numerical Optimization (2006), section 10.3.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from rnnspec.dynamics.distinct import stand_ins
from rnnspec.dynamics.velocity import reach, velocity, velocity_jacobian
from rnnspec.models.layers import Cell

REST = 1e-11  # speed at which a search ends
STEPS = 200
SLOW, PATIENCE = 0.01, 10  # a search ends after so many steps that each gain less than this share
CHUNK = 2**21  # bytes of Jacobians held at once: what a cache holds


@torch.no_grad()
def settled(
    cells: Sequence[Cell], x: Tensor, starts: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Where the searches from `starts` (n, s) end: states (k, s), and starts that led to each.

    Searches that come as near to one another as makes no two points go on as one.
    """
    bound = reach(cells)
    s = starts.clamp(-bound, bound)
    r = velocity(cells, x, s)
    damping, idle = s.new_ones(len(s)), s.new_zeros(len(s))
    counts = torch.ones(len(s), dtype=torch.int64, device=s.device)
    live = torch.arange(len(s), device=s.device)
    for _ in range(STEPS):
        live = live[(r[live].norm(dim=1) > REST) & (idle[live] < PATIENCE)]
        live = _merged(live, s, counts, scale)
        if not len(live):
            break
        step, expected = _steps(cells, x, s[live], r[live], damping[live], bound)
        new = (s[live] + step).clamp(-bound, bound)
        after = velocity(cells, x, new)
        before = r[live].square().sum(1)
        decrease = before - after.square().sum(1)
        lower, gain = decrease > 0, decrease / expected
        s[live[lower]], r[live[lower]] = new[lower], after[lower]
        damping[live] *= torch.where(gain > 0.75, 0.25, torch.where(gain > 0.25, 1.0, 4.0))
        idle[live] = torch.where(decrease > SLOW * before, 0.0, idle[live] + 1)
    return s[counts > 0], counts[counts > 0]


def _merged(live: Tensor, s: Tensor, counts: Tensor, scale: float) -> Tensor:
    """Those of the searches `live` that go on, the counts of the others added to theirs."""
    if not len(live):
        return live
    stand_in = torch.from_numpy(stand_ins(s[live], scale)).to(live.device)
    total = torch.zeros_like(counts).index_add_(0, live[stand_in], counts[live])
    counts[live] = total[live]
    return live[total[live] > 0]


def _steps(
    cells: Sequence[Cell], x: Tensor, s: Tensor, r: Tensor, damping: Tensor, bound: Tensor
) -> tuple[Tensor, Tensor]:
    """Steps d (n, s), and the decreases of the squared speed that the linear model expects.

    With g = A^T r and shift m, |r|^2 - |r + A d|^2 = m |d|^2 - g d where (A^T A + m I) d = -g.
    """
    steps, expected = [], []
    at_once = max(1, CHUNK // (8 * s.shape[1] ** 2))
    shift = damping * r.norm(dim=1)
    for some in torch.split(torch.arange(len(s), device=s.device), at_once):
        A = velocity_jacobian(cells, x, s[some])
        g = (A.mT @ r[some, :, None])[:, :, 0]
        blocked = (s[some].abs() >= bound) & (g * s[some] < 0)
        A.masked_fill_(blocked[:, None], 0.0)
        g.masked_fill_(blocked, 0.0)
        H = A.mT @ A
        H.diagonal(dim1=1, dim2=2).add_(shift[some, None])
        factor, _ = torch.linalg.cholesky_ex(H)
        d = -torch.cholesky_solve(g[:, :, None], factor)[:, :, 0]
        steps.append(d)
        expected.append(((shift[some, None] * d - g) * d).sum(1))
    return torch.cat(steps), torch.cat(expected)

r"""Many searches for states at rest at once, each downhill on :math:`\|F(s) - s\|^2`.

With v the velocity at s and A = J - I, an update is

.. math:: d = -(A^T A + \mu \|v\|\, I)^{-1} A^T v

The damping :math:`\mu` interpolates: a large one turns the update to the negative gradient and
shortens it, a small one makes it that of Newton.  It follows the ratio of the decrease to that of
the linear model.  As v goes to 0 the update becomes Newton's, so that a search ends at saddles as
readily as at stable points.  The convergence is quadratic even where the points at rest are not
isolated (Fan and Yuan).

No fixed point lies outside the cube \|h\| <= 1, where gates may be shut so far that nothing
moves.  So a search is held inside; where its way down leads out through a wall, it goes on in
the other coordinates.

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
from rnnspec.dynamics.velocity import entry_bounds, velocity, velocity_jacobian
from rnnspec.models.layers import Cell

REST = 1e-11  # speed at which a search ends: a tenth of what a fixed point may have
ITERATIONS = 200  # most searches end after 5 to 10; slow ones are ended by the next two
# A search ends after PATIENCE updates in a row that each lower the squared speed by less than the
# share SLOW: at a slow point, which is a minimum of the speed above 0.
SLOW, PATIENCE = 0.01, 10
# The damping falls to a quarter after a good update, of at least GOOD of the decrease that the
# linear model expects, stays after a fair one, and grows fourfold after a poor one (Nocedal and
# Wright, algorithm 4.1).
GOOD, FAIR = 0.75, 0.25
CHUNK = 2**21  # bytes of Jacobians held at once, which stay in the cache of one core


@torch.no_grad()
def descend(
    cells: Sequence[Cell], x: Tensor, starts: Tensor, scale: float
) -> tuple[Tensor, Tensor]:
    """Follow the searches from `starts` (n, s) downhill until each ends.

    Searches that come nearer to one another than two points may be go on as one.

    Returns
    -------
    states : (k, s) tensor
        Where the searches end.
    counts : (k,) tensor
        How many starts led to each.
    """
    bounds = entry_bounds(cells)
    s = starts.clamp(-bounds, bounds)
    v = velocity(cells, x, s)
    damping, idle = s.new_ones(len(s)), s.new_zeros(len(s))
    counts = torch.ones(len(s), dtype=torch.int64, device=s.device)
    live = torch.arange(len(s), device=s.device)
    for _ in range(ITERATIONS):
        live = live[(v[live].norm(dim=1) > REST) & (idle[live] < PATIENCE)]
        live = _merge(live, s, counts, scale)
        if not len(live):
            break
        update, expected = _updates(cells, x, s[live], v[live], damping[live], bounds)
        new = (s[live] + update).clamp(-bounds, bounds)
        after = velocity(cells, x, new)
        before = v[live].square().sum(1)
        decrease = before - after.square().sum(1)
        lower, gain = decrease > 0, decrease / expected  # the ratio (4.4) of Nocedal and Wright
        s[live[lower]], v[live[lower]] = new[lower], after[lower]
        damping[live] *= torch.where(gain > GOOD, 0.25, torch.where(gain > FAIR, 1.0, 4.0))
        idle[live] = torch.where(decrease > SLOW * before, 0.0, idle[live] + 1)
    return s[counts > 0], counts[counts > 0]


def _merge(live: Tensor, s: Tensor, counts: Tensor, scale: float) -> Tensor:
    """Those of the searches `live` that go on; the counts of the others are added to theirs."""
    if not len(live):
        return live
    stand_in = torch.from_numpy(stand_ins(s[live], scale)).to(live.device)
    total = torch.zeros_like(counts).index_add_(0, live[stand_in], counts[live])
    counts[live] = total[live]
    return live[total[live] > 0]


def _updates(
    cells: Sequence[Cell], x: Tensor, s: Tensor, v: Tensor, damping: Tensor, bounds: Tensor
) -> tuple[Tensor, Tensor]:
    """Updates d (n, s), and the decreases of the squared speed that the linear model expects.

    With g = A^T v and shift m, |v|^2 - |v + A d|^2 = m |d|^2 - g d where (A^T A + m I) d = -g.
    """
    updates, expected = [], []
    at_once = max(1, CHUNK // (8 * s.shape[1] ** 2))
    shift = damping * v.norm(dim=1)
    for some in torch.split(torch.arange(len(s), device=s.device), at_once):
        A = velocity_jacobian(cells, x, s[some])
        g = (A.mT @ v[some, :, None])[:, :, 0]
        blocked = (s[some].abs() >= bounds) & (g * s[some] < 0)
        A.masked_fill_(blocked[:, None], 0.0)
        g.masked_fill_(blocked, 0.0)
        H = A.mT @ A
        H.diagonal(dim1=1, dim2=2).add_(shift[some, None])
        factor, _ = torch.linalg.cholesky_ex(H)
        d = -torch.cholesky_solve(g[:, :, None], factor)[:, :, 0]
        updates.append(d)
        expected.append(((shift[some, None] * d - g) * d).sum(1))
    return torch.cat(updates), torch.cat(expected)

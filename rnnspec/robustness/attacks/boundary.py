r"""The decision boundary: how far it lies in linear approximation, and where a ray meets it.

The logit difference :math:`\max_{k \ne y} F_k(u) - F_y(u)` is positive exactly where the
decision is wrong.  It is 0 on the boundary, and a perturbation that leads there has succeeded.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec.robustness.budget import ROUNDING, Budget, like
from rnnspec.robustness.decision import excess
from rnnspec.robustness.victim import Victim

# About the relative error of the length of a shrunk perturbation: four digits of a size are more
# than any two attacks agree on, and cost about five forward passes.
TIGHT = 1e-4
# The most iterations of Newton's method: a box that cuts entry after entry needs a few, and a free
# box needs none.
NEWTON = 30


def nearest_in_halfspace(g: Tensor, rise: Tensor, budget: Budget) -> Tensor:
    r"""The smallest v in the box with :math:`\langle g_i, v_i\rangle \ge` `rise`.

    .. math:: v(\lambda) = \min(\max(\lambda d, \ell), h),\qquad d = g \text{ or } \mathrm{sign}(g)

    for l2 or linf.  :math:`\langle g, v(\lambda)\rangle` is increasing, concave and piecewise
    linear, so that Newton's iterates from the solution without the box increase to the
    smallest sufficient :math:`\lambda` and stop there.  Where the whole box is not enough,
    v is its best corner; where g is zero, v is zero.

    Parameters
    ----------
    g : tensor, shape (n, ...)
        Gradients.
    rise : tensor, shape (n,)
        Positive.
    budget : Budget
        Norm and box.

    Examples
    --------
    >>> free = torch.tensor([[torch.inf, torch.inf]])
    >>> g = torch.tensor([[3.0, 4.0]])
    >>> nearest_in_halfspace(g, torch.tensor([25.0]), Budget("l2", -free, free))
    tensor([[3., 4.]])
    >>> nearest_in_halfspace(g, torch.tensor([14.0]), Budget("linf", -free, free))
    tensor([[2., 2.]])
    >>> box = torch.tensor([[1.0, 9.0]])
    >>> nearest_in_halfspace(g, torch.tensor([15.0]), Budget("linf", -box, box))
    tensor([[1., 3.]])
    """
    g = torch.where(budget.movable & g.isfinite(), g, 0)
    # The largest entry is divided out first: squares of a vanishing or of a huge slope are no
    # numbers.
    largest = g.flatten(1).abs().amax(1).clamp_min(torch.finfo(g.dtype).tiny)
    g, rise = g / like(largest, g), rise / largest
    d = g if budget.norm == "l2" else g.sign()
    slope = (g * d).flatten(1).sum(1)
    multiplier = _ratio(rise, slope)
    for _ in range(NEWTON):
        free = like(multiplier, d) * d
        v = torch.clamp(free, budget.lower, budget.upper)
        short = rise - (g * v).flatten(1).sum(1)
        low = short > ROUNDING * rise
        if not low.any():
            break
        inside = torch.where(v == free, g * d, 0).flatten(1).sum(1)
        more = torch.where(low, _ratio(short, inside), 0)
        if not more.any():
            break
        multiplier = multiplier + more
    return v


def slope_along(unit: Tensor, gradient: Tensor, budget: Budget) -> Tensor:
    r"""(n,) slopes :math:`\langle g_i, v_i\rangle` along unit vectors, over what may move.

    Along the steepest unit vector it is the dual norm of the gradient, so that a logit difference
    F lies at the linearised distance |F| over this slope from the boundary.

    Examples
    --------
    >>> free = torch.tensor([[torch.inf, torch.inf]])
    >>> g = torch.tensor([[3.0, -4.0]])
    >>> slope_along(g.sign(), g, Budget("linf", -free, free))
    tensor([7.])
    """
    return torch.where(budget.movable, gradient * unit, 0).flatten(1).sum(1)


def _ratio(rise: Tensor, slope: Tensor) -> Tensor:
    """The quotient, and 0 where the slope gives no finite step."""
    step = rise / slope
    return torch.where(step.isfinite() & (slope > 0), step, 0)


def shrink(victim: Victim, u: Tensor, rounds: int = 10) -> Tensor:
    r"""The shortest :math:`s u`, :math:`0 \le s \le 1`, that regula falsi finds wrong.

    Rows that are right at `u`, or wrong at 0, come back as they are.  At most 2 + `rounds`
    forward passes, see `between`.
    """
    with torch.no_grad():
        f_low, f_high = (excess(victim.logits(v), victim.labels) for v in (victim.zeros(), u))
    return between(victim, u, f_low, f_high, rounds)


@torch.no_grad()
def between(victim: Victim, u: Tensor, f_low: Tensor, f_high: Tensor, rounds: int = 10) -> Tensor:
    """As `shrink`, when the excess at 0 and at `u` is known.

    The excess is below 0 at s = 0 and above 0 at s = 1.  The search aims at half of `TIGHT` times
    its clean value, so that the end is surely wrong, and a row leaves when its excess is below
    `TIGHT` times that value.  The Illinois rule halves the value at an end of the bracket that
    stays.  Where logits decide nothing the excess is infinite; the size of the clean excess takes
    its place, so that the next s halves the bracket.
    """
    u = u.clone()
    f_high = torch.where(f_high.isinf(), f_low.abs(), f_high)
    rows = torch.nonzero((f_low <= 0) & (f_high > TIGHT * f_low.abs()))[:, 0]
    goal, ray = TIGHT / 2 * f_low[rows].abs(), u[rows]
    f_low, f_high = f_low[rows] - goal, f_high[rows] - goal
    low, high = torch.zeros_like(goal), torch.ones_like(goal)
    for _ in range(rounds):
        if not len(rows):
            break
        s = low - f_low * (high - low) / (f_high - f_low)
        v = like(s, ray) * ray
        f = excess(victim[rows].logits(v), victim.labels[rows]) - goal
        f = torch.where(f.isinf(), goal / (TIGHT / 2), f)
        wrong, above = f >= -goal, f > 0
        u[rows[wrong]] = v[wrong]
        f_low, f_high = torch.where(above, f_low / 2, f), torch.where(above, f, f_high / 2)
        low, high = torch.where(above, low, s), torch.where(above, s, high)
        on = ~wrong | (f > goal)
        rows, ray, goal = rows[on], ray[on], goal[on]
        low, high, f_low, f_high = low[on], high[on], f_low[on], f_high[on]
    return u

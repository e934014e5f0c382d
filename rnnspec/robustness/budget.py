r"""The set of admissible perturbations of a batch, and the projection onto it.

A perturbation is kept in *units*: u moves the value x to x + s u, where the scale
s > 0 says how much of the model's input one unit is.  The budget of size
:math:`\varepsilon` is then the same simple set for all data,

.. math:: \{u : \|u_i\|_p \le \varepsilon_i,\ \ell \le u \le h\},\qquad \ell \le 0 \le h,

with one norm per sequence i, p = 2 or infinity, and a box.  The box expresses everything
else: raw bounds give it its width, and an entry that must not move (a padded step,
a masked channel) has a box of width zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec._checks import one_of

NORMS = ("linf", "l2")
# Relative excess of a norm that counts as rounding: the error of a float32 sum of a few thousand
# squares is far smaller.
ROUNDING = 1e-5


class BudgetExceeded(RuntimeError):
    """A perturbation left its budget, which is a defect of the attack that made it."""


def sizes(u: Tensor, norm: str) -> Tensor:
    r"""(n,) norms :math:`\|u_i\|_p`, one per sequence.

    Examples
    --------
    >>> u = torch.tensor([[[3.0], [-4.0]], [[0.0], [0.0]]])
    >>> sizes(u, "l2").tolist(), sizes(u, "linf").tolist()
    ([5.0, 0.0], [4.0, 0.0])
    """
    values, limits = u.flatten(1), torch.finfo(u.dtype)
    order = 2 if one_of(norm, "norm", NORMS) == "l2" else torch.inf
    norms: Tensor = torch.linalg.vector_norm(values, order, dim=1)
    if norm == "l2" and not ((norms > (limits.tiny / limits.eps) ** 0.5) & norms.isfinite()).all():
        # Divided by the largest entry first: squares of tiny values vanish, of huge ones overflow.
        unit = values.abs().amax(1).clamp_min(limits.tiny)
        norms = unit * torch.linalg.vector_norm(values / unit[:, None], order, dim=1)
    return norms


def onto_linf(u: Tensor, epsilon: Tensor) -> Tensor:
    r"""The nearest point with :math:`\|u_i\|_\infty \le \varepsilon_i`: each entry is clipped."""
    return torch.clamp(u, -epsilon, epsilon)


def onto_l2(u: Tensor, epsilon: Tensor) -> Tensor:
    r"""The nearest point with :math:`\|u_i\|_2 \le \varepsilon_i`: u is shortened."""
    length = like(sizes(u, "l2"), u)
    return u * torch.clamp(epsilon / length.clamp_min(torch.finfo(u.dtype).tiny), max=1)


PROJECTIONS = {"linf": onto_linf, "l2": onto_l2}


@dataclass(frozen=True, eq=False)
class Budget:
    """Norm and box of the perturbations of n sequences, in units.

    Parameters
    ----------
    norm : {"linf", "l2"}
        How the size of a sequence's perturbation is measured.
    lower, upper : tensor, shape (n, ...)
        The box, ``lower <= 0 <= upper``; both are 0 where nothing may move.
    """

    norm: str
    lower: Tensor
    upper: Tensor

    def __post_init__(self) -> None:
        one_of(self.norm, "norm", NORMS)
        assert self.lower.shape == self.upper.shape
        assert (self.lower <= 0).all()
        assert (self.upper >= 0).all()

    def __getitem__(self, rows: Tensor) -> Budget:
        return Budget(self.norm, self.lower[rows], self.upper[rows])

    @property
    def movable(self) -> Tensor:
        """(n, ...) mask, False where the box has no width."""
        return self.upper > self.lower

    def project(self, u: Tensor, epsilon: float | Tensor) -> Tensor:
        """Project `u` onto the ball, then onto the box, which holds 0: the norm can only shrink.

        For linf the result is the nearest admissible point; for l2 it is an admissible one.

        Examples
        --------
        >>> budget = Budget("linf", torch.tensor([[-1.0, 0.0]]), torch.tensor([[0.2, 0.0]]))
        >>> budget.project(torch.tensor([[0.7, 0.7]]), 0.5)
        tensor([[0.2000, 0.0000]])
        """
        return self.clip(PROJECTIONS[self.norm](u, like(epsilon, u)))

    def clip(self, u: Tensor) -> Tensor:
        """Project `u` onto the box alone: what the box of each sequence leaves of it."""
        return torch.clamp(u, self.lower, self.upper)

    def check(self, u: Tensor, epsilon: float | Tensor) -> None:
        """Raise unless `u` is admissible to rounding; every attack asks for it.

        Raises
        ------
        BudgetExceeded
            If it is not; the text names norm, size and budget.
        """
        size, limit = sizes(u, self.norm), like(epsilon, u).flatten()
        over = ~(size <= limit * (1 + ROUNDING))  # NaN counts as over every budget
        if over.any():
            i = int(torch.argmax(over.to(torch.int8)))
            raise BudgetExceeded(
                f"sequence {i} was moved by {self.norm} {size[i]:.6g},"
                f" its budget is {limit.expand(len(u))[i]:.6g}"
            )
        outside = (u < self.lower) | (u > self.upper)
        if outside.any():
            i = int(outside.flatten(1).any(1).to(torch.int8).argmax())
            raise BudgetExceeded(
                f"sequence {i} was moved where it must not move, or beyond its raw bounds"
            )


def like(value: float | Tensor, u: Tensor) -> Tensor:
    """A number, or one number per sequence, shaped to multiply `u`.

    Examples
    --------
    >>> like(torch.tensor([1.0, 2.0]), torch.zeros(2, 5, 3)).shape
    torch.Size([2, 1, 1])
    """
    tensor = torch.as_tensor(value, dtype=u.dtype, device=u.device)
    return tensor.reshape(-1, *(1,) * (u.dim() - 1)) if tensor.dim() else tensor

r"""Projected gradient ascent: one loop, of which every attack along the gradient is a few lines.

.. math:: u \leftarrow P_\varepsilon\bigl(u + \eta\,v\bigr),\qquad
          v = \operatorname{sign} g\ (\ell_\infty),\quad v = g/\|g\|_2\ (\ell_2)

with g the gradient of a loss of the logits, :math:`P_\varepsilon` the projection onto the budget,
and :math:`\eta` the length of an update.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from rnnspec.robustness.budget import Budget, like
from rnnspec.robustness.victim import Victim

Loss = Callable[[Tensor, Tensor], Tensor]
"""Maps logits (n, k) and labels (n,) to losses (n,)."""


class Ascent:
    """The perturbations of a batch while a loss of them is raised.

    `climb` is the loop.  An attack that differs from plain ascent overrides `look` (which
    gradient), `leave` (who has arrived) or `update` (where to go next), and names what it keeps
    for each row in `PER_ROW`.

    Parameters
    ----------
    victim : Victim
    u : (n, ...) tensor
        Where the ascent begins.
    epsilon : float or (n,) tensor
        Budget of all rows, or of each.
    length : float or (n,) tensor
        Length of an update, in the norm of the budget.
    loss : callable
        Maps logits and labels to the losses that are raised.
    catch : callable, optional
        Stopping rule: maps the victim, u and the logits to a mask of the rows that stay, or to
        None if all do.  By default every row takes every update.
    """

    PER_ROW: ClassVar[tuple[str, ...]] = ("victim", "u", "epsilon", "length")

    def __init__(
        self,
        victim: Victim,
        u: Tensor,
        epsilon: float | Tensor,
        length: float | Tensor,
        loss: Loss,
        catch: Callable[[Victim, Tensor, Tensor], Tensor | None] | None = None,
    ) -> None:
        self.victim, self.u, self.epsilon, self.length = victim, u, epsilon, length
        self.loss, self.catch = loss, catch

    @property
    def budget(self) -> Budget:
        """Norm and box of `u`."""
        return self.victim.budget

    def climb(self, iterations: int) -> Tensor:
        """Update u so many times, and return it; rows that have left are no longer in it."""
        for k in range(iterations):
            if not len(self.u):
                break
            losses, gradient, logits = self.look(k)
            stay = self.leave(k, losses, gradient, logits)
            if stay is not None:
                self.keep(stay)
                losses, gradient = losses[stay], gradient[stay]
            if len(self.u):
                self.update(k, losses, gradient)
        return self.u

    def look(self, k: int) -> tuple[Tensor, Tensor, Tensor]:  # noqa: ARG002
        """Losses, gradients and logits at u."""
        return self.victim.gradient(self.u, self.loss)

    def leave(
        self,
        k: int,  # noqa: ARG002
        losses: Tensor,  # noqa: ARG002
        gradient: Tensor,  # noqa: ARG002
        logits: Tensor,
    ) -> Tensor | None:
        """A mask of the rows that stay, or None if all do."""
        return None if self.catch is None else self.catch(self.victim, self.u, logits)

    def keep(self, rows: Tensor) -> None:
        """Forget what is kept for the other rows."""
        for name in self.PER_ROW:
            setattr(self, name, getattr(self, name)[rows])

    def update(self, k: int, losses: Tensor, gradient: Tensor) -> None:  # noqa: ARG002
        """Move u by one update along the steepest unit vector, and project it."""
        ahead = steepest(gradient, self.budget).mul_(like(self.length, self.u)).add_(self.u)
        self.u = self.budget.project(ahead, self.epsilon)


def steepest(gradient: Tensor, budget: Budget) -> Tensor:
    """(n, ...) unit vectors along which the loss rises most, among the entries that may move."""
    if budget.norm == "linf":
        return gradient.sign()
    gradient = gradient.masked_fill(~budget.movable, 0)
    # The largest entry is divided out first: squares of a vanishing gradient would underflow.
    tiny = torch.finfo(gradient.dtype).tiny
    gradient /= like(gradient.flatten(1).abs().amax(1).clamp_min(tiny), gradient)
    length = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return gradient.div_(like(length.clamp_min(tiny), gradient))

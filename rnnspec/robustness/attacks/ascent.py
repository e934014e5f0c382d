r"""Projected gradient ascent: one loop, of which every attack along the gradient is a few lines.

.. math:: u \leftarrow P_\varepsilon\bigl(u + \eta\,v\bigr),\qquad
          v = \operatorname{sign} g\ (\ell_\infty),\quad v = g/\|g\|_2\ (\ell_2)

with g the gradient of a loss of the logits, :math:`P_\varepsilon` the projection onto the budget,
and :math:`\eta` the length of an update.  `Ascent` is the loop, `starts` says where it begins,
`Outcome` notes what became of each row, and `best_of` makes one attempt after another.

`best_of` is for attacks at one size.  The curve of many sizes does not use it for its restarts:
there a start that succeeds changes the size of the next one, so that
`rnnspec.robustness.thresholds` repeats rows instead and gives each attack one start.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import torch
from torch import Tensor

from rnnspec._checks import count, seed_number
from rnnspec.robustness.budget import Budget, like, sizes
from rnnspec.robustness.decision import Aim
from rnnspec.robustness.victim import Victim

# Measured on an LSTM of 64 units, one core.  Five starts in one batch took 0.4 of the time of
# one after another for 20 sequences, 0.7 for 50, 1 for 200, 1.7 for 360: starts share a batch up
# to this many rows, and larger batches are cut.  Of 28 time steps, a gradient costs 59 us per row
# in batches of 10, 32-37 from 40 to 240, 64 at 320.  Whether the fooled leave at every iteration,
# at every fourth, or in tens made no difference: they leave at every one.  Of 8 time steps,
# batches of 340 cost 15-30 % less than batches of 192: what counts is what a cache holds, that is
# rows times time steps.
ROWS, OF_STEPS = 192, 28

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


def random_start(budget: Budget, epsilon: float | Tensor, generator: torch.Generator) -> Tensor:
    """Uniform in the ball of the entries that may move, then projected into the box."""
    u = torch.empty(budget.lower.shape, dtype=budget.lower.dtype)
    if budget.norm == "linf":
        u = u.uniform_(-1, 1, generator=generator).to(budget.lower.device)
    else:
        u = u.normal_(generator=generator).to(budget.lower.device) * budget.movable
        radii = torch.rand(len(u), generator=generator, dtype=u.dtype).to(u.device)
        radii **= 1 / budget.movable.flatten(1).sum(1).clamp_min(1)
        u *= like(radii / sizes(u, "l2").clamp_min(torch.finfo(u.dtype).tiny), u)
    return budget.project(u * like(epsilon, u), epsilon)


def starts(
    budget: Budget,
    epsilon: Tensor,
    restarts: int,
    random: bool,
    first: Tensor | None,
    seed: int,
) -> list[Callable[[], Tensor]]:
    """Where each start lies: at random, or at 0; the first at `first` if there is one."""
    if count(restarts, "restarts") > 1 and not random:
        raise ValueError(
            f"`restarts` must be 1 without a random start, got {restarts}:"
            " all attempts would be alike"
        )
    generator = torch.Generator().manual_seed(seed_number(seed))

    def somewhere() -> Tensor:
        if random:
            return random_start(budget, epsilon, generator)
        return torch.zeros_like(budget.lower)

    if first is None:
        return [somewhere] * restarts
    if first.shape != budget.lower.shape:
        raise ValueError(
            f"`start` must have shape {tuple(budget.lower.shape)}, got {tuple(first.shape)}"
            " (a perturbation of other sequences? take the rows of these)"
        )
    return [lambda: budget.project(first, epsilon), *[somewhere] * (restarts - 1)]


class Outcome:
    """What became of each row of a batch; some rows may be starts of one sequence.

    A sequence that several rows attack leaves with the first row that fools it.
    """

    def __init__(self, rows: Tensor, u: Tensor, aim: Aim) -> None:
        self.aim = aim
        self.ends = torch.zeros_like(u)
        self.losses = u.new_full((len(u),), -torch.inf)
        self._sequences = rows
        self._places = torch.arange(len(rows), device=rows.device)

    def catch(self, victim: Victim, u: Tensor, logits: Tensor) -> Tensor | None:
        """Note the rows that `u` fools; the mask of the rows that stay, or None for all."""
        fooled = self.aim.is_reached(logits, victim.labels)
        if not fooled.any():
            return None
        caught = self._places[fooled]
        self.ends[caught], self.losses[caught] = u[fooled], torch.inf
        left = ~torch.isin(self._sequences, self._sequences[fooled])
        self._sequences, self._places = self._sequences[left], self._places[left]
        return left

    @torch.no_grad()
    def finish(self, victim: Victim, u: Tensor) -> None:
        """The rows that are left end at `u`, whose logits are not known yet."""
        if not len(u):
            return
        logits = victim.logits(u)
        losses = self.aim(logits, victim.labels)
        left = self.catch(victim, u, logits)
        self.settle(*((u, losses) if left is None else (u[left], losses[left])))

    def settle(self, u: Tensor, losses: Tensor) -> None:
        """The rows that are left end at `u`, which fools none of them."""
        self.ends[self._places], self.losses[self._places] = u, losses


Attempt = Callable[[Tensor, Tensor], Outcome]
"""One attempt: maps the rows that are attacked, and where they start, to their outcome."""


def best_of(
    victim: Victim,
    epsilon: Tensor,
    aim: Aim,
    starts: list[Callable[[], Tensor]],
    attempt: Attempt,
) -> Tensor:
    """`attempt` from each of `starts` on those not fooled yet; the ends of highest loss."""
    best = victim.zeros()
    losses = torch.full_like(epsilon, -torch.inf)
    losses[aim.is_reached(victim.clean_logits(), victim.labels) | (epsilon == 0)] = torch.inf
    while starts:
        rows = (losses < torch.inf).nonzero()[:, 0]
        if not len(rows):
            break
        # Starts share a batch, and a batch is cut, only up to the plateau of speed.
        most = max(ROWS, ROWS * OF_STEPS // victim.inputs.shape[1])
        limit = most if rows.device.type == "cpu" else len(rows) * len(starts)
        together = max(1, limit // len(rows))
        now, starts = starts[:together], starts[together:]
        begin = torch.cat([start()[rows] for start in now])
        pieces = rows.repeat(len(now)).tensor_split(max(1, -(-len(begin) // limit)))
        done = [*map(attempt, pieces, begin.tensor_split(len(pieces)))]
        ends = torch.cat([outcome.ends for outcome in done])
        ended, which = torch.cat([outcome.losses for outcome in done]).view(len(now), -1).max(0)
        ends = ends.view(len(now), len(rows), *ends.shape[1:])[which, torch.arange(len(rows))]
        better = ended > losses[rows]
        best[rows[better]], losses[rows[better]] = ends[better], ended[better]
    return best

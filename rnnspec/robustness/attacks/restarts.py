"""The runs of an attack: where they start, how many share a batch, and who is fooled already."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from rnnspec._checks import count, positive, seed_number
from rnnspec.robustness.budget import Budget, like, sizes
from rnnspec.robustness.decision import wrong
from rnnspec.robustness.victim import Victim

# Measured on an LSTM of 64 units, one core.  Five restarts in one batch took 0.4 of the time of
# one after another for 20 sequences, 0.7 for 50, 1 for 200, 1.7 for 360: runs share a batch up
# to this many rows, and larger batches are cut.  Of 28 steps, a gradient costs 59 us per row in
# batches of 10, 32-37 from 40 to 240, 64 at 320.  That the fooled leave at every step, at every
# fourth, or in tens made no difference: they leave at every step.  Of 8 steps, batches of 340
# cost 15-30 % less than batches of 192: what counts is what a cache holds, rows times steps.
ROWS, OF_STEPS = 192, 28


@dataclass(frozen=True)
class Aim:
    """What an attack ascends and when it has won: away from the label, or towards a target."""

    loss: Callable[[Tensor, Tensor], Tensor]
    targeted: bool

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) losses, to be ascended."""
        losses = self.loss(logits, labels)
        return -losses if self.targeted else losses

    def reached(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) mask: the class is the target, or is no longer the label."""
        elsewhere = wrong(logits, labels)
        return ~elsewhere if self.targeted else elsewhere


def per_sequence(value: float | Tensor, victim: Victim, name: str = "epsilon") -> Tensor:
    """(n,) budgets, or what else `name` says; one number counts for all.

    Raises
    ------
    ValueError
        If one is negative or not finite, or there is another number of them.
    """
    lower = victim.budget.lower
    amounts = torch.as_tensor(value, dtype=lower.dtype, device=lower.device)
    if amounts.shape not in ((), (len(victim),)):
        raise ValueError(
            f"`{name}` must be a number or {len(victim)} numbers, one per sequence,"
            f" got shape {tuple(amounts.shape)}"
        )
    for worst in (amounts.min(), amounts.max()):  # either is NaN if one number is
        positive(float(worst), name, zero=True)
    return amounts.expand(len(victim))


def random_start(budget: Budget, epsilon: float | Tensor, generator: torch.Generator) -> Tensor:
    """Uniform in the ball of the entries that may move, then moved into the box."""
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
    """Where each run starts: at random, or at 0; the first at `first` if there is one."""
    if count(restarts, "restarts") > 1 and not random:
        raise ValueError(
            f"`restarts` must be 1 without a random start, got {restarts}: all runs would be alike"
        )
    generator = torch.Generator().manual_seed(seed_number(seed))

    def somewhere() -> Tensor:
        if random:
            return random_start(budget, epsilon, generator)
        return torch.zeros_like(budget.lower)

    runs = [somewhere] * restarts
    if first is None:
        return runs
    if first.shape != budget.lower.shape:
        raise ValueError(
            f"`start` must have shape {tuple(budget.lower.shape)}, got {tuple(first.shape)}"
        )
    return [lambda: budget.project(first, epsilon), *runs[1:]]


class Hunt:
    """The sequences of a batch that resist still, and what became of the others.

    A sequence that several rows attack leaves with the first that fools it.
    """

    def __init__(self, victim: Victim, rows: Tensor, aim: Aim, epsilon: Tensor) -> None:
        self.victim, self.aim, self.epsilon = victim[rows], aim, epsilon[rows]
        self.ends = self.victim.nothing()
        self.losses = torch.full_like(self.epsilon, -torch.inf)
        self._sequences = rows
        self._places = torch.arange(len(rows), device=rows.device)

    def catch(self, u: Tensor, logits: Tensor) -> Tensor | None:
        """Let those go that `u` fools; the mask of the rows that stay, or None for all."""
        fooled = self.aim.reached(logits, self.victim.labels)
        if not fooled.any():
            return None
        caught = self._places[fooled]
        self.ends[caught], self.losses[caught] = u[fooled], torch.inf
        left = ~torch.isin(self._sequences, self._sequences[fooled])
        self.victim, self.epsilon = self.victim[left], self.epsilon[left]
        self._sequences, self._places = self._sequences[left], self._places[left]
        return left

    @torch.no_grad()
    def finish(self, u: Tensor) -> None:
        """The rest ends at `u`, which was not looked at yet."""
        logits = self.victim.logits(u)
        losses = self.aim(logits, self.victim.labels)
        left = self.catch(u, logits)
        self.settle(*((u, losses) if left is None else (u[left], losses[left])))

    def settle(self, u: Tensor, losses: Tensor) -> None:
        """The rest ends at `u`, which fools none of them."""
        self.ends[self._places], self.losses[self._places] = u, losses


Ascend = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Maps rows and their starts to ends and their losses, infinite for those that fool."""


def best_of(
    victim: Victim,
    epsilon: Tensor,
    aim: Aim,
    starts: list[Callable[[], Tensor]],
    ascend: Ascend,
) -> Tensor:
    """`ascend` from each of `starts` on those not fooled yet; the ends of highest loss."""
    best = victim.nothing()
    losses = torch.full_like(epsilon, -torch.inf)
    losses[aim.reached(victim.unmoved(), victim.labels) | (epsilon == 0)] = torch.inf
    while starts:
        rows = (losses < torch.inf).nonzero()[:, 0]
        if not len(rows):
            break
        # Restarts share a batch, and a batch is cut, only up to the plateau of speed.
        limit = _most_rows(victim) if rows.device.type == "cpu" else len(rows) * len(starts)
        together = max(1, limit // len(rows))
        now, starts = starts[:together], starts[together:]
        begin = torch.cat([start()[rows] for start in now])
        pieces = rows.repeat(len(now)).tensor_split(max(1, -(-len(begin) // limit)))
        done = map(ascend, pieces, begin.tensor_split(len(pieces)))
        ends, ended = (torch.cat(part) for part in zip(*done, strict=True))
        ended, run = ended.view(len(now), -1).max(0)
        ends = ends.view(len(now), len(rows), *ends.shape[1:])[run, torch.arange(len(rows))]
        better = ended > losses[rows]
        best[rows[better]], losses[rows[better]] = ends[better], ended[better]
    return best


def _most_rows(victim: Victim) -> int:
    return max(ROWS, ROWS * OF_STEPS // victim.inputs.shape[1])

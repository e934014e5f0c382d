"""What every attack with a budget shares: its aim, its random starts, and the best of them.

`best_of` runs an attack from several starts at one size.  The curve of many sizes does not use
it for its restarts: there a start that succeeds changes the size of the next one, so that
`rnnspec.robustness.thresholds` repeats rows instead and gives each attack one start.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from rnnspec._checks import count, one_of, positive, seed_number
from rnnspec.robustness.budget import Budget, like, sizes
from rnnspec.robustness.decision import LOSSES, wrong
from rnnspec.robustness.victim import Victim

# Measured on an LSTM of 64 units, one core.  Five starts in one batch took 0.4 of the time of
# one after another for 20 sequences, 0.7 for 50, 1 for 200, 1.7 for 360: starts share a batch up
# to this many rows, and larger batches are cut.  Of 28 time steps, a gradient costs 59 us per row
# in batches of 10, 32-37 from 40 to 240, 64 at 320.  Whether the fooled leave at every iteration,
# at every fourth, or in tens made no difference: they leave at every one.  Of 8 time steps,
# batches of 340 cost 15-30 % less than batches of 192: what counts is what a cache holds, that is
# rows times time steps.
ROWS, OF_STEPS = 192, 28


@dataclass(frozen=True)
class Aim:
    """What an attack raises and when it has won: away from the label, or towards a target."""

    loss: Callable[[Tensor, Tensor], Tensor]
    targeted: bool

    def __call__(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) losses, to be raised."""
        losses = self.loss(logits, labels)
        return -losses if self.targeted else losses

    def is_reached(self, logits: Tensor, labels: Tensor) -> Tensor:
        """(n,) mask: the class is the target, or is no longer the label."""
        elsewhere = wrong(logits, labels)
        return ~elsewhere if self.targeted else elsewhere


def aim_at(victim: Victim, loss: str, targets: Tensor | None) -> tuple[Victim, Aim]:
    """The aim, and the victim whose labels it is measured by: the targets if there are any."""
    aim = Aim(LOSSES[one_of(loss, "loss", LOSSES)], targets is not None)
    if targets is None:
        return victim, aim
    targets = torch.as_tensor(targets, device=victim.labels.device)
    if targets.shape != victim.labels.shape or targets.dtype.is_floating_point:
        raise ValueError(
            f"`targets` must hold {len(victim)} classes, one per sequence,"
            f" got {targets.dtype} of shape {tuple(targets.shape)}"
        )
    with torch.no_grad():
        k = victim[torch.zeros_like(victim.labels[:1])].logits(victim.zeros()[:1]).shape[1]
    outside = (targets < 0) | (targets >= k)
    if outside.any():
        raise ValueError(
            f"`targets` must be classes from 0 to {k - 1}, got {int(targets[outside][0])}"
        )
    return replace(victim, labels=targets.long()), aim


def per_sequence(value: float | Tensor, victim: Victim, name: str = "epsilon") -> Tensor:
    """(n,) budgets, or whatever else `name` says; a single number counts for all sequences.

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

r"""Random search over blocks of a sequence: an attack that asks for logits only.

Its worth is as a witness: where it beats an attack by gradients, those gradients lie.
"""

from __future__ import annotations

import torch
from torch import Tensor

from rnnspec._checks import count, seed_number
from rnnspec.robustness.attacks.gradient import aimed
from rnnspec.robustness.attacks.restarts import Hunt, per_sequence
from rnnspec.robustness.budget import like, sizes
from rnnspec.robustness.victim import Victim

# Share of the queries done at which the block's share of the sequence halves again.
HALVINGS = (0.001, 0.005, 0.02, 0.05, 0.1, 0.2, 0.4, 0.6, 0.8)
SHARE = 0.8  # at first; from 0.05 on, larger fooled more digits in either norm


def square(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    queries: int = 1000,
    seed: int = 0,
) -> Tensor:
    r"""Square attack, its squares being blocks of consecutive steps times channels.

    Each query changes one block of each sequence and keeps the change where the margin
    :math:`z_y - \max_{k\ne y} z_k` fell.  In linf a block is set to
    :math:`\pm\varepsilon`, one sign per channel; in l2 the perturbation turns towards
    such a block, its length staying :math:`\varepsilon`.  The blocks, and with them the
    turns, shrink as the queries go on.

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    queries : int, default 1000
    seed : int, default 0

    Returns
    -------
    (n, ...) tensor
        The perturbation that fooled, 0 for a sequence that is wrong as it is, or the
        one of smallest margin.

    Raises
    ------
    ValueError
        If an argument is out of its range.

    Notes
    -----
    ``queries`` forward passes of the sequences not fooled yet.  Of a state, units count
    as channels and layers as steps.

    References
    ----------
    .. [1] M. Andriushchenko et al., ECCV 2020, arXiv:1912.00049 (Algorithms 1, 2).

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     [bool(victim.fooled(square(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [False, True]
    """
    victim, aim = aimed(victim, "logit_difference", None)
    amounts = per_sequence(epsilon, victim)
    count(queries, "queries")
    generator = torch.Generator().manual_seed(seed_number(seed))
    possible = (amounts > 0) & victim.budget.movable.flatten(1).any(1)
    rows = (possible & ~victim.wrong()).nonzero()[:, 0]
    hunt = Hunt(victim, rows, aim, amounts)
    if len(rows):
        _search(hunt, queries, generator)
    u = victim.nothing()
    u[rows] = hunt.ends
    victim.budget.check(u, amounts)
    return u


@torch.no_grad()
def _search(hunt: Hunt, queries: int, generator: torch.Generator) -> None:
    """One run, from signs that are constant in time."""
    blocks = Blocks(hunt.victim.budget.movable, generator)
    change = CHANGES[hunt.victim.budget.norm]
    best, losses = hunt.victim.nothing(), torch.full_like(hunt.epsilon, -torch.inf)
    u = _of_size_one(blocks.signs(best) * hunt.victim.budget.movable, hunt.victim.budget.norm)
    u = u * like(hunt.epsilon, u)
    for query in range(1, queries + 1):
        u = hunt.victim.budget.project(u, hunt.epsilon)
        logits = hunt.victim.logits(u)
        now = hunt.aim(logits, hunt.victim.labels)
        higher = now > losses
        best, losses = torch.where(like(higher, u) > 0, u, best), torch.where(higher, now, losses)
        left = hunt.catch(u, logits)
        if left is not None:
            best, losses, blocks = best[left], losses[left], blocks[left]
        if not len(best):
            return
        share = SHARE / 2 ** sum(query >= at * queries for at in HALVINGS)
        u = change(best, hunt, blocks, share)
    hunt.settle(best, losses)


class Blocks:
    """Random blocks of the entries that may move, (n, t, d) or flattened to it."""

    def __init__(self, movable: Tensor, generator: torch.Generator) -> None:
        self.generator, self.shape = generator, movable.shape[1:]
        self.movable = movable.flatten(1, -2)
        self.upto = self.movable.flatten(1).cumsum(1)  # movable entries so far; shape: (n, t * d)
        self.steps = self.movable.any(2).sum(1)  # shape: (n,)
        self.channels = self.movable.any(1).sum(1)  # shape: (n,)

    def __getitem__(self, left: Tensor) -> Blocks:
        return Blocks(self.movable[left].view(-1, *self.shape), self.generator)

    def signs(self, like: Tensor) -> Tensor:
        """(n, ..., d) signs, one per channel, of the type of `like`."""
        n, _, d = self.movable.shape
        signs = torch.randint(0, 2, (n, d), generator=self.generator) * 2 - 1
        return signs.to(like).view(n, *(1,) * (len(self.shape) - 1), d)

    def draw(self, share: float) -> tuple[Tensor, Tensor]:
        """Masks of blocks of about `share` of what may move, and a flat index (n,) inside each.

        A block holds an entry that may move, whatever the mask: that entry is drawn
        first, and the block is laid around it.
        """
        d = self.movable.shape[2]
        one, two, three = self._uniform(), self._uniform(), self._uniform()
        rank = (one * self.upto[:, -1]).long() + 1
        center = torch.searchsorted(self.upto, rank[:, None])[:, 0]
        wide = (share**0.5 * self.channels).round().clamp_min(1)
        long = (share * self.steps * self.channels / wide).round().clamp_min(1)
        inside = _interval(center // d, long, two, self.movable.shape[1])[:, :, None]
        inside = inside & _interval(center % d, wide, three, d)[:, None, :] & self.movable
        return inside.view(-1, *self.shape), center

    def _uniform(self) -> Tensor:
        n = len(self.movable)
        numbers = torch.rand(n, generator=self.generator, dtype=torch.float64)
        return numbers.to(self.movable.device)


def _interval(center: Tensor, length: Tensor, uniform: Tensor, size: int) -> Tensor:
    """(n, size) masks of intervals of `length` that hold `center`."""
    begin = (center - (uniform * length).floor())[:, None]
    places = torch.arange(size, device=center.device)
    return (places >= begin) & (places < begin + length[:, None])


def _of_size_one(u: Tensor, norm: str) -> Tensor:
    return u / like(sizes(u, norm).clamp_min(torch.finfo(u.dtype).tiny), u)


def _change_linf(u: Tensor, hunt: Hunt, blocks: Blocks, share: float) -> Tensor:
    """New signs in a block, and surely another one where its center is."""
    inside, center = blocks.draw(share)
    signs = blocks.signs(u)
    here = u.flatten(1).gather(1, center[:, None])
    channel = center[:, None] % u.shape[-1]
    signs.flatten(1).scatter_(1, channel, torch.where(here > 0, -1.0, 1.0).to(u.dtype))
    return torch.where(inside, signs * like(hunt.epsilon, u), u)


def _change_l2(u: Tensor, hunt: Hunt, blocks: Blocks, share: float) -> Tensor:
    """A turn on the sphere towards a block; its length is that of the block's share of it.

    To move the length of one block into another, as the paper does, fooled 66 % of digits
    where this fools 74 %, as many as pgd.
    """
    norm = hunt.victim.budget.norm
    block = _of_size_one(blocks.signs(u) * blocks.draw(share)[0], norm)
    turned = _of_size_one(u, norm) + share**0.5 * block
    return _of_size_one(turned, norm) * like(hunt.epsilon, u)


CHANGES = {"linf": _change_linf, "l2": _change_l2}

r"""Attacks along the gradient: one step (`fgsm`), or many with projection (`pgd`).

Both ascend a loss of the logits by the steepest step of the norm,

.. math:: u \leftarrow P_\varepsilon\bigl(u + \eta\,v\bigr),\qquad
          v = \operatorname{sign} g\ (\ell_\infty),\quad v = g/\|g\|_2\ (\ell_2),

where :math:`P_\varepsilon` is the projection onto the budget.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from rnnspec._checks import one_of, positive, seed_number
from rnnspec.robustness.budget import Budget, like
from rnnspec.robustness.victim import Victim


def cross_entropy(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) losses :math:`\log\sum_k e^{z_k} - z_y`.

    Examples
    --------
    >>> cross_entropy(torch.zeros(1, 2), torch.tensor([0]))
    tensor([0.6931])
    """
    return functional.cross_entropy(logits, labels, reduction="none")


def logit_difference(logits: Tensor, labels: Tensor) -> Tensor:
    r"""(n,) losses :math:`\max_{k\ne y} z_k - z_y`, above 0 where the class is wrong.

    Its gradient does not vanish where the network is sure, as that of the
    cross-entropy does in finite precision; two classes are enough.

    Examples
    --------
    >>> logit_difference(torch.tensor([[3.0, 1.0, -2.0]]), torch.tensor([0]))
    tensor([-2.])
    """
    own = labels[:, None]
    others = logits.scatter(1, own, -torch.inf).amax(1)
    return others - logits.gather(1, own)[:, 0]


LOSSES = {"cross_entropy": cross_entropy, "logit_difference": logit_difference}


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
        right = logits.argmax(1) == labels
        return right if self.targeted else ~right


def aimed(victim: Victim, loss: str, targets: Tensor | None) -> tuple[Victim, Aim]:
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
    return replace(victim, labels=targets.long()), aim


def per_sequence(epsilon: float | Tensor, victim: Victim) -> Tensor:
    """(n,) budgets; one number counts for all.

    Raises
    ------
    ValueError
        If one is negative or not finite, or there is another number of them.
    """
    lower = victim.budget.lower
    amounts = torch.as_tensor(epsilon, dtype=lower.dtype, device=lower.device)
    if amounts.shape not in ((), (len(victim),)):
        raise ValueError(
            f"`epsilon` must be a number or {len(victim)} numbers, one per sequence,"
            f" got shape {tuple(amounts.shape)}"
        )
    for worst in (amounts.min(), amounts.max()):  # either is NaN if one number is
        positive(float(worst), "epsilon", zero=True)
    return amounts.expand(len(victim))


def steepest(gradient: Tensor, budget: Budget) -> Tensor:
    """The direction of norm 1 that ascends most, among the entries that may move."""
    if budget.norm == "linf":
        return gradient.sign()
    gradient = gradient.masked_fill(~budget.movable, 0)
    # By the largest entry first: squares of a vanishing gradient would underflow.
    tiny = torch.finfo(gradient.dtype).tiny
    gradient /= like(gradient.flatten(1).abs().amax(1).clamp_min(tiny), gradient)
    length = torch.linalg.vector_norm(gradient.flatten(1), dim=1)
    return gradient.div_(like(length.clamp_min(tiny), gradient))


def random_start(budget: Budget, epsilon: Tensor, generator: torch.Generator) -> Tensor:
    """Uniform in the ball of the entries that may move, then moved into the box."""
    u = torch.empty(budget.lower.shape, dtype=budget.lower.dtype)
    if budget.norm == "linf":
        u = u.uniform_(-1, 1, generator=generator).to(budget.lower.device)
    else:
        u = steepest(u.normal_(generator=generator).to(budget.lower.device), budget)
        radii = torch.rand(len(u), generator=generator, dtype=u.dtype).to(u.device)
        u *= like(radii ** (1 / budget.movable.flatten(1).sum(1).clamp_min(1)), u)
    return budget.project(u * like(epsilon, u), epsilon)


Ascend = Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]]
"""Maps rows and their starts to ends, their losses (n,) and who was fooled (n,)."""


def best_of(
    victim: Victim,
    epsilon: Tensor,
    aim: Aim,
    starts: list[Callable[[], Tensor]],
    ascend: Ascend,
) -> Tensor:
    """`ascend` from each of `starts` on those not fooled yet; the ends of highest loss."""
    best = victim.nothing()
    with torch.no_grad():
        logits = victim.logits(best)
    losses = torch.full_like(logits[:, 0], -torch.inf)
    resists = ~aim.reached(logits, victim.labels) & (epsilon > 0)
    for start in starts:
        u = start()
        rows = resists.nonzero()[:, 0]
        if not len(rows):
            break
        ends, ended, fooled = ascend(rows, u[rows])
        better = fooled | (ended > losses[rows])
        best[rows[better]], losses[rows[better]] = ends[better], ended[better]
        resists[rows[fooled]] = False
    return best


def starts(
    budget: Budget,
    epsilon: Tensor,
    restarts: int,
    random: bool,
    first: Tensor | None,
    seed: int,
) -> list[Callable[[], Tensor]]:
    """Where each run starts: at random, or at 0; the first at `first` if there is one."""
    if positive(restarts, "restarts") > 1 and not random:
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


def fgsm(victim: Victim, epsilon: float | Tensor, *, targets: Tensor | None = None) -> Tensor:
    r"""One step of full length along the gradient of the cross-entropy.

    .. math:: u = P_\varepsilon(\varepsilon v)

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    targets : (n,) tensor of classes, optional
        Step towards these instead of away from the labels.

    Returns
    -------
    (n, ...) tensor
        The perturbations; 0 for a sequence that is wrong (or on target) as it is.

    Raises
    ------
    ValueError
        If `epsilon` is negative or not finite, or the model has no gradient.

    Notes
    -----
    One gradient.

    References
    ----------
    .. [1] I. Goodfellow, J. Shlens and C. Szegedy, ICLR 2015, arXiv:1412.6572.

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     fgsm(victim, 0.625).flatten()
    tensor([-0.6250,  0.6250])
    """
    victim, aim = aimed(victim, "cross_entropy", targets)
    amounts = per_sequence(epsilon, victim)
    _, gradient, logits = victim.gradient(victim.nothing(), aim)
    step = steepest(gradient, victim.budget) * like(amounts, gradient)
    u = victim.budget.project(step, amounts)
    u[aim.reached(logits, victim.labels)] = 0
    victim.budget.check(u, amounts)
    return u


def pgd(
    victim: Victim,
    epsilon: float | Tensor,
    *,
    steps: int = 40,
    step_size: float | Tensor | None = None,
    restarts: int = 1,
    random_start: bool = True,
    momentum: float = 0.0,
    loss: str = "cross_entropy",
    targets: Tensor | None = None,
    start: Tensor | None = None,
    seed: int = 0,
) -> Tensor:
    r"""Projected gradient ascent of the loss.

    .. math:: m_{j+1} = \mu m_j + g_j/\|g_j\|_1,\qquad
              u_{j+1} = P_\varepsilon(u_j + \eta\,v(m_{j+1}))

    A sequence leaves the batch as soon as it is fooled; a restart sees only those
    that are left.

    Parameters
    ----------
    victim : Victim
    epsilon : float or (n,) tensor
        Budget, in units of the threat; of all, or of each sequence.
    steps : int, default 40
    step_size : float or (n,) tensor, optional
        Step :math:`\eta` in the same units, by default ``2.5 * epsilon / steps``.
    restarts : int, default 1
    random_start : bool, default True
        Start uniformly in the ball; otherwise at 0, and restarts make no sense.
    momentum : float, default 0.0
        Factor :math:`\mu`, from 0 (plain ascent) to 1.
    loss : {"cross_entropy", "logit_difference"}
    targets : (n,) tensor of classes, optional
        Fool into these instead of away from the labels.
    start : (n, ...) tensor, optional
        Where the first run starts, instead, as from a smaller budget's result.
    seed : int, default 0
        Of the random starts.

    Returns
    -------
    (n, ...) tensor
        The perturbation that fooled, 0 for a sequence that is wrong (or on target) as
        it is, or the end of highest loss where no run succeeded.

    Raises
    ------
    ValueError
        If an argument is out of its range, or the model has no gradient.

    Notes
    -----
    At most ``restarts * (steps + 1) + 1`` forward and ``restarts * steps`` backward passes.

    References
    ----------
    .. [1] A. Madry et al., ICLR 2018, arXiv:1706.06083.
    .. [2] Y. Dong et al., CVPR 2018, arXiv:1710.06081 (momentum).

    Examples
    --------
    >>> from rnnspec import SequenceDataset, under_attack
    >>> model = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(2, 2, bias=False))
    >>> _ = torch.nn.init.eye_(model[1].weight)
    >>> data = SequenceDataset.from_raw([[[2.0], [1.0]]], [2], [0], ("first", "second"))
    >>> with under_attack(model, data) as victim:
    ...     [bool(victim.fooled(pgd(victim, epsilon))) for epsilon in (0.49, 0.51)]
    [False, True]
    """
    victim, aim = aimed(victim, loss, targets)
    amounts = per_sequence(epsilon, victim)
    positive(steps, "steps")
    positive(momentum, "momentum", zero=True)
    length = 2.5 * amounts / steps if step_size is None else per_sequence(step_size, victim)
    begin = starts(victim.budget, amounts, restarts, random_start, start, seed)

    def ascend(rows: Tensor, u: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        return _ascend(victim[rows], aim, amounts[rows], u, steps, length[rows], momentum)

    u = best_of(victim, amounts, aim, begin, ascend)
    victim.budget.check(u, amounts)
    return u


def _ascend(
    victim: Victim,
    aim: Aim,
    epsilon: Tensor,
    u: Tensor,
    steps: int,
    length: Tensor,
    momentum: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Ends, their losses, and who was fooled, of one run of `pgd`."""
    ends, losses = torch.empty_like(u), torch.empty_like(epsilon)
    rows = torch.arange(len(u), device=u.device)
    m = torch.zeros_like(u)
    for _ in range(steps):
        now, gradient, logits = victim.gradient(u, aim)
        fooled = aim.reached(logits, victim.labels)
        if fooled.any():
            left, gone = ~fooled, rows[fooled]
            ends[gone], losses[gone] = u[fooled], now[fooled]
            victim, rows, epsilon, length = victim[left], rows[left], epsilon[left], length[left]
            u, m, gradient = u[left], m[left], gradient[left]
        if not len(rows):
            break
        if momentum:
            scale = gradient.flatten(1).abs().sum(1).clamp_min(torch.finfo(u.dtype).tiny)
            gradient = m = momentum * m + gradient / like(scale, u)
        step = steepest(gradient, victim.budget)
        u = victim.budget.project(step.mul_(like(length, u)).add_(u), epsilon)
    left = torch.zeros(len(ends), dtype=torch.bool, device=u.device)
    if len(rows):
        with torch.no_grad():
            logits = victim.logits(u)
        ends[rows], losses[rows] = u, aim(logits, victim.labels)
        left[rows] = ~aim.reached(logits, victim.labels)
    return ends, losses, ~left

r"""The fast gradient sign method: a single update of full length."""

from __future__ import annotations

from torch import Tensor

from rnnspec.robustness.attacks.ascent import Ascent
from rnnspec.robustness.victim import Victim


def fgsm(victim: Victim, epsilon: float | Tensor, *, targets: Tensor | None = None) -> Tensor:
    r"""One update of full length along the gradient of the cross-entropy.

    .. math:: u = P_\varepsilon(\varepsilon v)

    Where the loss is curved, the same update with a larger budget may fool fewer sequences;
    `pgd` computes the gradient again at each of its updates.

    Parameters
    ----------
    victim : Victim
        The classifier on n sequences, from `under_attack`.
    epsilon : float or tensor, shape (n,)
        Budget, in units of the threat; one for all sequences, or one for each.
    targets : tensor of classes, shape (n,), optional
        Move towards these classes instead of away from the labels.

    Returns
    -------
    tensor, shape (n, ...)
        The perturbations; 0 for a sequence that is wrong (or on target) without any.

    Raises
    ------
    ValueError
        If `epsilon` is negative or not finite, or the model has no gradient.

    Notes
    -----
    Cost: one gradient and one forward pass.

    References
    ----------
    .. [1] I. Goodfellow, J. Shlens and C. Szegedy, ICLR 2015, arXiv:1412.6572.

    Examples
    --------
    >>> from rnnspec import under_attack
    >>> from rnnspec.robustness.examples import two_logits
    >>> with under_attack(*two_logits(2.0, 1.0)) as victim:
    ...     fgsm(victim, 0.625).flatten()
    tensor([-0.6250,  0.6250])
    """
    victim, aim = victim.aim("cross_entropy", targets)
    amounts = victim.per_sequence(epsilon)
    u = Ascent(victim, victim.zeros(), amounts, amounts, aim).climb(1)
    u[aim.is_reached(victim.clean_logits(), victim.labels)] = 0
    victim.budget.check(u, amounts)
    return u

r"""Training on the worst inputs nearby.

.. math:: \min_\theta \sum_i \max_{\|u_i\|_\infty \le \varepsilon} \ell(x_i + u_i, y_i)

(Madry, Makelov, Schmidt, Tsipras & Vladu, *Towards Deep Learning Models Resistant to
Adversarial Attacks*, ICLR 2018), with u in standard deviations, zero at padded steps
and inside the raw bounds of the data.  The inner maximum is approached by projected iterations
along the sign of the gradient from a random start.  All iterations are made even when the network
errs early, because the loss can still grow.
"""

from __future__ import annotations

from dataclasses import dataclass

from rnnspec._checks import one_of
from rnnspec.training.config import DEFAULTS, METHODS
from rnnspec.training.settings import check_setting

# The default iterations on a batch.  Madry et al. train with 7; `free` makes one at each visit.
ITERATIONS = {"pgd": 7, "free": 1, "trades": 7}


@dataclass(frozen=True)
class Adversarial:
    r"""How training attacks its own batches.

    Parameters
    ----------
    method : {"pgd", "free", "trades"}
        ``pgd`` trains on the perturbed batch alone.  The perturbation is computed anew for each
        batch, by iterations of length 2.5 epsilon / `iterations`.  ``free`` also trains on the
        perturbed batch, but keeps the perturbation of each sequence from epoch to epoch and
        improves it by `iterations` of length epsilon / 2 at each visit: the attack profits from
        all visits and costs as much as one (Zheng, Zhang, Gu, Lee & Prakash, *Efficient
        Adversarial Training with Transferable Adversarial Examples*, CVPR 2020).  It is not the
        method of the same name that repeats each batch.  ``trades`` minimises
        :math:`\ell(x, y) + \beta\, \mathrm{KL}(p(x) \,\|\, p(x + u))` with u from pgd on
        the second term (Zhang, Yu, Jiao, Xing, El Ghaoui & Jordan, *Theoretically
        Principled Trade-off between Robustness and Accuracy*, ICML 2019).
    epsilon : float, default 0.1
        Largest entry of a perturbation, in standard deviations of its channel.
    iterations : int, optional
        Iterations of the attack on a batch, one gradient each; default 7, for ``free`` 1.  An
        update costs about as much as 1 + `iterations` plain ones, with ``trades`` 2 +
        `iterations`.
    schedule : {"constant", "linear", "cosine"}
        How epsilon grows, see `rnnspec.training.schedule`; ``cosine`` begins anew twice, and the
        learning rate of Adam with it.
    beta : float, default 6.0
        Weight of the divergence in ``trades``; the other methods do not use it.

    Raises
    ------
    ValueError
        For an unknown method or schedule, a negative epsilon or beta, or no iterations.

    Examples
    --------
    >>> Adversarial("pgd", epsilon=0.2).n_iterations, Adversarial("free").n_iterations
    (7, 1)
    """

    method: str
    epsilon: float = DEFAULTS.adv_epsilon
    iterations: int | None = DEFAULTS.adv_steps
    schedule: str = DEFAULTS.adv_schedule
    beta: float = DEFAULTS.adv_beta

    def __post_init__(self) -> None:
        one_of(self.method, "method", METHODS)
        check_setting(self.epsilon, "adv_epsilon", "epsilon")
        check_setting(self.iterations, "adv_steps", "iterations")
        check_setting(self.schedule, "adv_schedule", "schedule")
        check_setting(self.beta, "adv_beta", "beta")

    @property
    def n_iterations(self) -> int:
        """Iterations of the attack on a batch."""
        return ITERATIONS[self.method] if self.iterations is None else self.iterations

r"""Training on the worst inputs nearby.

.. math:: \min_\theta \sum_i \max_{\|u_i\|_\infty \le \varepsilon} \ell(x_i + u_i, y_i)

(Madry, Makelov, Schmidt, Tsipras & Vladu, *Towards Deep Learning Models Resistant to
Adversarial Attacks*, ICLR 2018), with u in standard deviations, zero at padded steps
and inside the raw bounds of the data.  The inner maximum is approached by projected iterations
along the sign of the gradient from a random start.  All iterations are made even when the network
errs early, because the loss can still grow.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from rnnspec._checks import one_of
from rnnspec.data.splits import DataSplits
from rnnspec.models.call import evaluation_mode
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.ascent import Ascent, random_start
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import Victim
from rnnspec.training.accuracy import Tensors
from rnnspec.training.config import DEFAULTS, METHODS
from rnnspec.training.schedule import epsilon_at
from rnnspec.training.settings import check_setting

# The default iterations on a batch.  Madry et al. train with 7; `free` makes one at each visit.
ITERATIONS = {"pgd": 7, "free": 1, "trades": 7}
# Enough that the validation is attacked at least as hard as the training is by default.
VALIDATION_ITERATIONS = 10
START, CURVATURE, VALIDATION = range(3)  # what random numbers are drawn for
SampleLosses = Callable[[Tensor, Tensor], Tensor]  # from logits (n, k) and labels (n,) to (n,)


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


class AdversarialLoss:
    """The loss of a batch under attack: a function of its indices and of the update's number.

    Random numbers follow from the seed and that number.  The perturbations that ``free`` keeps
    are the state of this object, and belong in a checkpoint.
    """

    def __init__(
        self,
        model: nn.Module,
        data: DataSplits,
        train: Tensors,
        adversarial: Adversarial,
        seed: int,
        total: int,
    ) -> None:
        self.model, self.adversarial, self.seed, self.total = model, adversarial, seed, total
        self.validation = data.validation
        inputs, lengths, labels = train
        # The bounds of all sequences are computed once; a batch takes its own.
        threat = Threat()
        budget = threat.budget(data.train, inputs.dtype, inputs.device)
        scale = torch.from_numpy(threat.scale(data.train)).to(inputs)
        self.victim = Victim(
            lambda x, lengths, _: model(x, lengths), inputs, lengths, labels, scale, budget
        )
        self.kept: Tensor | None = None  # shape: (n, t, d)
        if adversarial.method == "free":
            self.kept = random_start(budget, adversarial.epsilon, random_numbers(seed, 0))

    def __call__(self, batch: Tensor, update: int) -> tuple[Tensor, Tensor]:
        """The loss of the sequences `batch` in an update, and the logits of what is trained on."""
        epsilon = epsilon_at(
            update / self.total, self.adversarial.epsilon, self.adversarial.schedule
        )
        victim = self.victim[batch]
        if epsilon == 0:  # there is no attack, and the second term of trades is 0 up to rounding
            logits = victim.logits(victim.zeros())
            return functional.cross_entropy(logits, victim.labels), logits
        with hold_estimators(self.model):
            u = self._perturbation(victim, batch, epsilon, update)
        if self.adversarial.method != "trades":
            logits = victim.logits(u)
            return functional.cross_entropy(logits, victim.labels), logits
        with parametrize.cached():  # an estimator moves on once in an update, not twice
            logits, attacked = victim.logits(victim.zeros()), victim.logits(u)
        apart = divergence(logits)(attacked, victim.labels).mean()
        return functional.cross_entropy(
            logits, victim.labels
        ) + self.adversarial.beta * apart, logits

    def _perturbation(self, victim: Victim, batch: Tensor, epsilon: float, update: int) -> Tensor:
        iterations = self.adversarial.n_iterations
        if self.kept is not None:
            start = victim.budget.project(self.kept[batch], epsilon)
            u = ascend(victim, start, epsilon, iterations, epsilon / 2, cross_entropy)
            self.kept[batch] = u
            return u
        start = random_start(victim.budget, epsilon, random_numbers(self.seed, update))
        loss: SampleLosses = cross_entropy
        if self.adversarial.method == "trades":
            with torch.no_grad():
                loss = divergence(victim.logits(victim.zeros()))
        return ascend(victim, start, epsilon, iterations, 2.5 * epsilon / iterations, loss)

    @property
    def periods(self) -> bool:
        """Whether the learning rate of Adam begins anew with each period of the schedule."""
        return self.adversarial.schedule == "cosine"

    def attacked_validation(self) -> Tensors:
        """The validation part under the attack that epochs are compared by.

        It makes 10 iterations with the whole epsilon, whatever method, iterations and schedule
        train the network, so that the numbers of several trainings can be compared.
        """
        epsilon, iterations = self.adversarial.epsilon, VALIDATION_ITERATIONS
        generator = random_numbers(self.seed, 0, VALIDATION)
        with under_attack(self.model, self.validation) as victim:
            start = random_start(victim.budget, epsilon, generator)
            length = 2.5 * epsilon / iterations
            u = ascend(victim, start, epsilon, iterations, length, cross_entropy)
            return victim.perturb(u), victim.lengths, victim.labels

    def state_dict(self) -> dict[str, Any]:
        """The perturbations that ``free`` keeps."""
        return {} if self.kept is None else {"kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on with the perturbations in `state`."""
        if self.kept is not None:
            self.kept.copy_(state["kept"])


def ascend(
    victim: Victim, u: Tensor, epsilon: float, iterations: int, length: float, loss: SampleLosses
) -> Tensor:
    """The perturbation after `iterations` projected updates along the sign of the gradient."""
    u = Ascent(victim, u, epsilon, length, loss).climb(iterations)
    victim.budget.check(u, epsilon)
    return u


def random_numbers(seed: int, update: int, purpose: int = START) -> torch.Generator:
    """The random numbers for one purpose in one update.

    PyTorch's generator takes 32 bits of a seed and ignores the rest, so the three numbers are
    hashed into 32 bits.
    """
    word = np.random.SeedSequence((seed, update, purpose)).generate_state(1)[0]
    return torch.Generator().manual_seed(int(word))


def divergence(clean: Tensor) -> SampleLosses:
    """A function of attacked logits: the n values KL(p || p') with p from the `clean` logits."""
    log_p = clean.log_softmax(1)

    def from_clean(logits: Tensor, _: Tensor) -> Tensor:
        return functional.kl_div(
            logits.log_softmax(1), log_p, reduction="none", log_target=True
        ).sum(1)

    return from_clean


@contextmanager
def hold_estimators(model: nn.Module) -> Iterator[None]:
    """Keep the estimators of normalised weights where they are, and compute each weight once.

    The layers stay in training mode, because only there cuDNN computes gradients.
    """
    with ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, parametrize.ParametrizationList):
                stack.enter_context(evaluation_mode(module))
        stack.enter_context(parametrize.cached())
        yield

r"""Training on the worst inputs nearby.

.. math:: \min_\theta \sum_i \max_{\|u_i\|_\infty \le \varepsilon} \ell(x_i + u_i, y_i)

(Madry, Makelov, Schmidt, Tsipras & Vladu, *Towards Deep Learning Models Resistant to
Adversarial Attacks*, ICLR 2018), with u in standard deviations, zero at padded steps,
inside the raw bounds of data that has any.  The inner maximum is approached by
projected steps along the sign of the gradient, from a random start and always to the
last step: a sequence that is fooled early can be fooled better.
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

from rnnspec._checks import one_of, positive
from rnnspec.data.sequences import DataSplits
from rnnspec.models.acting import at_rest
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.ascent import Ascent, random_start
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import Victim
from rnnspec.training.config import DEFAULTS, METHODS, SCHEDULES
from rnnspec.training.evaluation import Tensors
from rnnspec.training.schedule import epsilon_at

STEPS = {"pgd": 7, "free": 1, "trades": 7}
VALIDATION_STEPS = 10
START, CURVATURE, VALIDATION = range(3)  # what random numbers are for
SampleLosses = Callable[[Tensor, Tensor], Tensor]  # logits (n, k), labels (n,) to losses (n,)


@dataclass(frozen=True)
class Adversarial:
    r"""How training attacks its own batches.

    Parameters
    ----------
    method : {"pgd", "free", "trades"}
        ``pgd`` trains on the perturbed batch alone, the perturbation made anew for
        each batch in steps of 2.5 epsilon / `steps`.  ``free`` trains on it too, but
        keeps the perturbation of each sequence from epoch to epoch, and moves it by
        `steps` steps of epsilon / 2 at each visit: the attack is as good as all its
        visits, at the price of one (Zheng, Zhang, Gu, Lee & Prakash, *Efficient
        Adversarial Training with Transferable Adversarial Examples*, CVPR 2020; of the
        name's other meaning, batches repeated, nothing).  ``trades`` minimises
        :math:`\ell(x, y) + \beta\, \mathrm{KL}(p(x) \,\|\, p(x + u))` with u from pgd on
        the second term (Zhang, Yu, Jiao, Xing, El Ghaoui & Jordan, *Theoretically
        Principled Trade-off between Robustness and Accuracy*, ICML 2019).
    epsilon : float, default 0.1
        Largest entry of a perturbation, in standard deviations of its channel.
    steps : int, optional
        Gradients per batch; default 7, of ``free`` 1.  A training step costs about as much
        as 1 + `steps` plain ones, with ``trades`` 2 + `steps`.
    schedule : {"constant", "linear", "cosine"}
        See `rnnspec.training.schedule`; ``cosine`` begins anew twice, and the step of
        Adam with it.
    beta : float, default 6.0
        Of ``trades``; nothing to the others.

    Raises
    ------
    ValueError
        For an unknown method or schedule, a negative epsilon or beta, or no steps.

    Examples
    --------
    >>> Adversarial("pgd", epsilon=0.2).n_steps, Adversarial("free").n_steps
    (7, 1)
    """

    method: str
    epsilon: float = DEFAULTS.adv_epsilon
    steps: int | None = None
    schedule: str = DEFAULTS.adv_schedule
    beta: float = DEFAULTS.adv_beta

    def __post_init__(self) -> None:
        one_of(self.method, "method", METHODS)
        one_of(self.schedule, "schedule", SCHEDULES)
        positive(self.epsilon, "epsilon", zero=True)
        positive(self.beta, "beta", zero=True)
        if self.n_steps < 1:
            raise ValueError(f"`steps` must be at least 1, got {self.steps}")

    @property
    def n_steps(self) -> int:
        """Gradients per batch."""
        return STEPS[self.method] if self.steps is None else self.steps


class AdversarialLoss:
    """The loss of a batch under attack: a function of its indices and of the training step.

    Random numbers follow from the seed and the step; what ``free`` keeps is the state
    of this object, and belongs in a checkpoint.
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
        # The boxes of all sequences once; a batch takes its own.
        threat = Threat()
        budget = threat.budget(data.train, inputs.dtype, inputs.device)
        scale = torch.from_numpy(threat.scale(data.train)).to(inputs)
        self.victim = Victim(
            lambda x, lengths, _: model(x, lengths), inputs, lengths, labels, scale, budget
        )
        self.kept: Tensor | None = None  # shape: (n, t, d)
        if adversarial.method == "free":
            self.kept = random_start(budget, adversarial.epsilon, random_numbers(seed, 0))

    def __call__(self, batch: Tensor, step: int) -> tuple[Tensor, Tensor]:
        """Loss of sequences `batch` in training step `step`, and logits of what is trained on."""
        epsilon = epsilon_at(step / self.total, self.adversarial.epsilon, self.adversarial.schedule)
        victim = self.victim[batch]
        if epsilon == 0:  # plain, for trades too, whose second term is 0 but for rounding
            logits = victim.logits(victim.zeros())
            return functional.cross_entropy(logits, victim.labels), logits
        with resting(self.model):
            u = self._perturbation(victim, batch, epsilon, step)
        if self.adversarial.method != "trades":
            logits = victim.logits(u)
            return functional.cross_entropy(logits, victim.labels), logits
        with parametrize.cached():  # a normalised weight moves on once a step, not twice
            logits, attacked = victim.logits(victim.zeros()), victim.logits(u)
        apart = divergence(logits)(attacked, victim.labels).mean()
        return functional.cross_entropy(
            logits, victim.labels
        ) + self.adversarial.beta * apart, logits

    def _perturbation(self, victim: Victim, batch: Tensor, epsilon: float, step: int) -> Tensor:
        n_steps = self.adversarial.n_steps
        if self.kept is not None:
            start = victim.budget.project(self.kept[batch], epsilon)
            u = ascend(victim, start, epsilon, n_steps, epsilon / 2, cross_entropy)
            self.kept[batch] = u
            return u
        start = random_start(victim.budget, epsilon, random_numbers(self.seed, step))
        loss: SampleLosses = cross_entropy
        if self.adversarial.method == "trades":
            with torch.no_grad():
                loss = divergence(victim.logits(victim.zeros()))
        return ascend(victim, start, epsilon, n_steps, 2.5 * epsilon / n_steps, loss)

    @property
    def restarts(self) -> bool:
        """Whether the step of Adam begins anew with each period of the schedule."""
        return self.adversarial.schedule == "cosine"

    def attacked_validation(self) -> Tensors:
        """The validation part under the attack that epochs are compared by.

        10 steps at the whole epsilon, whatever method, steps and schedule train the
        network, so that the numbers of several trainings can be compared.
        """
        epsilon, n_steps = self.adversarial.epsilon, VALIDATION_STEPS
        generator = random_numbers(self.seed, 0, VALIDATION)
        with under_attack(self.model, self.validation) as victim:
            start = random_start(victim.budget, epsilon, generator)
            u = ascend(victim, start, epsilon, n_steps, 2.5 * epsilon / n_steps, cross_entropy)
            return victim.perturb(u), victim.lengths, victim.labels

    def state_dict(self) -> dict[str, Any]:
        """The perturbations that ``free`` keeps."""
        return {} if self.kept is None else {"kept": self.kept}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take up the perturbations in `state`."""
        if self.kept is not None:
            self.kept.copy_(state["kept"])


def ascend(
    victim: Victim, u: Tensor, epsilon: float, iterations: int, length: float, loss: SampleLosses
) -> Tensor:
    """The perturbation after `iterations` projected updates along the sign of the gradient."""
    u = Ascent(victim, u, epsilon, length, loss).climb(iterations)
    victim.budget.check(u, epsilon)
    return u


def random_numbers(seed: int, step: int, purpose: int = START) -> torch.Generator:
    """The generator of one purpose in one training step.

    PyTorch's generator takes 32 bits of a seed and ignores the rest; so the three are
    hashed into as many.
    """
    word = np.random.SeedSequence((seed, step, purpose)).generate_state(1)[0]
    return torch.Generator().manual_seed(int(word))


def divergence(clean: Tensor) -> SampleLosses:
    """(n,) values of KL(p || p'), from `clean` logits to those that are attacked."""
    log_p = clean.log_softmax(1)

    def from_clean(logits: Tensor, _: Tensor) -> Tensor:
        return functional.kl_div(
            logits.log_softmax(1), log_p, reduction="none", log_target=True
        ).sum(1)

    return from_clean


@contextmanager
def resting(model: nn.Module) -> Iterator[None]:
    """Estimators of normalised weights do not advance; each such weight is computed once.

    The layers stay in training mode, where cuDNN gives gradients.
    """
    with ExitStack() as stack:
        for module in model.modules():
            if isinstance(module, parametrize.ParametrizationList):
                stack.enter_context(at_rest(module))
        stack.enter_context(parametrize.cached())
        yield

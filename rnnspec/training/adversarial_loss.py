"""The loss of a batch under attack: the inner maximum of adversarial training, approached."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.nn.utils import parametrize

from rnnspec.data.splits import DataSplits
from rnnspec.robustness.access import under_attack
from rnnspec.robustness.attacks.ascent import Ascent, random_start
from rnnspec.robustness.decision import cross_entropy
from rnnspec.robustness.threat import Threat
from rnnspec.robustness.victim import Victim
from rnnspec.training.accuracy import Tensors
from rnnspec.training.adversarial import Adversarial
from rnnspec.training.one_update import VALIDATION, hold_estimators, random_numbers
from rnnspec.training.schedule import epsilon_at

# Enough that the validation is attacked at least as hard as the training is by default.
VALIDATION_ITERATIONS = 10
SampleLosses = Callable[[Tensor, Tensor], Tensor]  # from logits (n, k) and labels (n,) to (n,)


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


def divergence(clean: Tensor) -> SampleLosses:
    """A function of attacked logits: the n values KL(p || p') with p from the `clean` logits."""
    log_p = clean.log_softmax(1)

    def from_clean(logits: Tensor, _: Tensor) -> Tensor:
        return functional.kl_div(
            logits.log_softmax(1), log_p, reduction="none", log_target=True
        ).sum(1)

    return from_clean

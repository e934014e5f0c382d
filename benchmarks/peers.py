"""foolbox and the Adversarial Robustness Toolbox on a batch of sequences, as fast as they go.

Both get the model as our attacks see it (`rnnspec.under_attack`: evaluation mode, no gradient
to parameters), only the sequences that are right unperturbed, and batches of the size at which
they were measured to be fastest.  Neither knows lengths: `Fixed` holds those of a batch.
"""

import os
from collections.abc import Callable
from time import perf_counter
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn

from rnnspec.robustness.victim import Victim

os.environ["GIT_PYTHON_REFRESH"] = "quiet"  # foolbox imports GitPython, which warns without git
try:
    import foolbox
    from art.attacks.evasion import ProjectedGradientDescentPyTorch
    from art.estimators.classification import PyTorchClassifier
except ImportError as missing:
    raise click.ClickException(
        f"{missing}: this benchmark needs the peers, pip install 'rnnspec[peers]'"
    ) from None

NO_BOUNDS = (-np.inf, np.inf)
Attack = Callable[[Victim, Tensor], Tensor]
"""Maps a batch and m sizes > 0 to an (m, n) mask of those fooled."""


class Fixed(nn.Module):
    """The classifier of one batch, a function of the inputs alone."""

    def __init__(self, victim: Victim) -> None:
        super().__init__()
        self.victim = victim

    def forward(self, inputs: Tensor) -> Tensor:
        """(n, k) logits of the (n, t, d) inputs."""
        return self.victim.classify(inputs, self.victim.lengths, None)


def for_foolbox(victim: Victim) -> Any:
    """The victim as a model of foolbox."""
    return foolbox.PyTorchModel(Fixed(victim).eval(), bounds=NO_BOUNDS, device="cpu")


def foolbox_pgd(steps: int, restarts: int) -> Attack:
    """All restarts of all sequences, by foolbox's own `repeat`."""

    def attack(victim: Victim, epsilons: Tensor) -> Tensor:
        model = for_foolbox(victim)
        fooled = torch.zeros(len(epsilons), len(victim), dtype=torch.bool)
        for j, epsilon in enumerate(epsilons.tolist()):
            run = foolbox.attacks.LinfPGD(abs_stepsize=2.5 * epsilon / steps, steps=steps)
            _, _, fooled[j] = run.repeat(restarts)(
                model, victim.inputs, victim.labels, epsilons=epsilon
            )
        return fooled

    return attack


def foolbox_pgd_by_hand(steps: int, restarts: int) -> Attack:
    """One attempt after another, each on the sequences that the earlier ones did not fool."""
    once = foolbox_pgd(steps, 1)

    def attack(victim: Victim, epsilons: Tensor) -> Tensor:
        fooled = torch.zeros(len(epsilons), len(victim), dtype=torch.bool)
        for j in range(len(epsilons)):
            for _ in range(restarts):
                rows = (~fooled[j]).nonzero()[:, 0]
                if len(rows):
                    fooled[j, rows] = once(victim[rows], epsilons[j : j + 1])[0]
        return fooled

    return attack


def art_pgd(steps: int, restarts: int) -> Attack:
    """All restarts of all sequences, by the toolbox's own `num_random_init`."""

    def attack(victim: Victim, epsilons: Tensor) -> Tensor:
        with torch.no_grad():
            n_classes = victim.logits(victim.zeros()).shape[1]
        model = PyTorchClassifier(
            Fixed(victim),
            nn.CrossEntropyLoss(),
            input_shape=tuple(victim.inputs.shape[1:]),
            nb_classes=n_classes,
            clip_values=None,
            device_type="cpu",
        )
        fooled = torch.zeros(len(epsilons), len(victim), dtype=torch.bool)
        for j, epsilon in enumerate(epsilons.tolist()):
            run = ProjectedGradientDescentPyTorch(
                model,
                norm=np.inf,
                eps=epsilon,
                eps_step=2.5 * epsilon / steps,
                max_iter=steps,
                num_random_init=restarts,
                batch_size=len(victim),
                verbose=False,
            )
            found = run.generate(victim.inputs.numpy(), victim.labels.numpy())
            fooled[j] = victim.is_fooled(torch.from_numpy(found) - victim.inputs)
        return fooled

    return attack


def best_batch(attack: Attack, victim: Victim, epsilon: float) -> int:
    """The batch size among all, a half and a quarter at which a short `attack` is fastest."""
    sizes = [-(-len(victim) // parts) for parts in (4, 2, 1)]
    seconds = dict.fromkeys(sizes, np.inf)
    for _ in range(3):
        for size in sizes:
            started = perf_counter()
            in_batches(attack, victim, [epsilon], size)
            seconds[size] = min(seconds[size], perf_counter() - started)
    return min(sizes, key=seconds.__getitem__)


def in_batches(attack: Attack, victim: Victim, epsilons: list[float], size: int) -> Tensor:
    """Mask (m, n) of the sequences that are fooled at each of `epsilons`.

    A sequence that is wrong unperturbed counts as fooled.
    """
    wrong = victim.is_fooled(victim.zeros())
    fooled = wrong.repeat(len(epsilons), 1)
    above = torch.tensor(epsilons) > 0
    for rows in (~wrong).nonzero()[:, 0].split(size):
        mask = attack(victim[rows], torch.tensor(epsilons)[above])
        fooled[above.nonzero(), rows] = mask
    return fooled


def foolbox_deepfool(victim: Victim) -> Tensor:
    """Perturbations u by foolbox's DeepFool with its defaults; 0 for what is wrong already."""
    u = victim.zeros()
    rows = (~victim.is_fooled(u)).nonzero()[:, 0]
    part = victim[rows]
    run = foolbox.attacks.L2DeepFoolAttack()  # 50 steps, 10 candidates, overshoot 0.02: as ours
    found, _, _ = run(for_foolbox(part), part.inputs, part.labels, epsilons=None)
    u[rows] = found - part.inputs
    return u

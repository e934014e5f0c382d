"""What a study measures on a trained network, as a study file says it."""

from __future__ import annotations

from dataclasses import dataclass

from rnnspec._checks import count, positive
from rnnspec.robustness.curve import increasing_sizes


@dataclass(frozen=True)
class Measuring:
    """What is measured on a trained network: the table ``[measure]`` of a study file.

    Attributes
    ----------
    epsilons : tuple of float
        The sizes of the pseudospectral radii.
    jacobian : bool
        Whether to measure the mean state Jacobian of each layer.
    lyapunov : int
        How many Lyapunov exponents to compute; 0 for none.
    samples : int
        How many test sequences to use.
    attack_epsilons : tuple of float
        Sizes of input perturbations, in standard deviations, increasing.
    weight_epsilons : tuple of float
        Spectral norms of weight perturbations, increasing.
    """

    epsilons: tuple[float, ...] = (0.01,)
    jacobian: bool = True
    lyapunov: int = 8
    samples: int = 200
    attack_epsilons: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.3, 0.5)
    weight_epsilons: tuple[float, ...] = (0.3, 1.0, 3.0)

    def __post_init__(self) -> None:
        for epsilon in self.epsilons:
            positive(epsilon, "epsilons")
        increasing_sizes(self.attack_epsilons, "attack_epsilons")
        increasing_sizes(self.weight_epsilons, "weight_epsilons")
        count(self.samples, "samples")
        count(self.lyapunov, "lyapunov", least=0)

"""What a study measures on a trained network, as a study file says it."""

from __future__ import annotations

from dataclasses import dataclass

from rnnspec._checks import positive
from rnnspec.robustness.curve import increasing_sizes
from rnnspec.training.declaration import describe_settings, setting
from rnnspec.training.settings import check_settings


@describe_settings
@dataclass(frozen=True)
class Measuring:
    """What is measured on a trained network: the table ``[measure]`` of a study file."""

    epsilons: tuple[float, ...] = setting((0.01,), "The sizes of the pseudospectral radii.")
    jacobian: bool = setting(True, "Whether to measure the mean state Jacobian of each layer.")
    lyapunov: int = setting(8, "How many Lyapunov exponents to compute; 0 for none.", least=0)
    samples: int = setting(200, "How many test sequences to use.", least=1)
    attack_epsilons: tuple[float, ...] = setting(
        (0.0, 0.05, 0.1, 0.2, 0.3, 0.5),
        "Sizes of input perturbations, in standard deviations, increasing.",
    )
    weight_epsilons: tuple[float, ...] = setting(
        (0.3, 1.0, 3.0), "Spectral norms of weight perturbations, increasing."
    )

    def __post_init__(self) -> None:
        check_settings(self)
        for epsilon in self.epsilons:
            positive(epsilon, "epsilons")
        increasing_sizes(self.attack_epsilons, "attack_epsilons")
        increasing_sizes(self.weight_epsilons, "weight_epsilons")

import numpy as np
import pytest

EPSILONS = (0.0, 0.1, 0.5)
GATES = {"rnn": [""], "gru": [".reset", ".update", ".new"]}
NUMBERS = (
    *("spectral_radius", "spectral_norm", "spectral_abscissa", "henrici", "henrici_relative"),
    *("commutator_norm", "eigenvector_condition", "numerical_radius", "kreiss_constant"),
    *("transient_peak", "distance_to_instability", "stability_radius_real"),
    "pseudospectral_radius@0.01",
)
INITIAL = (
    *("henrici", "henrici_relative", "eigenvector_condition", "kreiss_constant"),
    *("spectral_radius", "spectral_norm", "distance_to_instability"),
)


@pytest.fixture
def example_rows():
    """Rows as a study writes them, of random numbers: a row per run and matrix."""
    rng = np.random.default_rng(6)

    def of_run(dataset, cell, condition, seed):
        falling = np.sort(rng.uniform(0, 1, len(EPSILONS)))[::-1].tolist()
        run = {
            "run": f"{rng.integers(2**60):016x}",
            "dataset": dataset,
            "cell": cell,
            "condition": condition,
            "normalize": "radius" if condition == "radius" else "none",
            "estimator": "rayleigh",
            "init": "orthogonal",
            "adversarial": "none",
            "seed": seed,
            "hidden": 8,
            **{f"{part}_accuracy": rng.uniform() for part in ("train", "validation", "test")},
            "median_r": rng.uniform(),
            "area": rng.uniform(),
            **{f"robust_accuracy@{e:g}": a for e, a in zip(EPSILONS, falling, strict=True)},
            **{f"noise_accuracy@{e:g}": rng.uniform() for e in EPSILONS},
            **{f"weights_accuracy@{e:g}": rng.uniform() for e in EPSILONS[1:]},
            "lyapunov_max": -rng.uniform(),
        }
        for gate in (*GATES[cell], ".jacobian@mean"):
            numbers = {name: rng.uniform() for name in NUMBERS} | {"kreiss_constant": np.inf}
            initial = {
                f"{name}_initial": None if "@" in gate else rng.uniform() for name in INITIAL
            }
            yield {**run, "matrix": f"layer0{gate}", **numbers, **initial}

    return [
        row
        for dataset in ("digits", "synthetic:sine")
        for cell in GATES
        for condition in ("plain", "radius")
        for seed in range(3)
        for row in of_run(dataset, cell, condition, seed)
    ]

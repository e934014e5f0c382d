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
            "start": f"{dataset} {cell} {seed}",
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


STUDY = """
name = "tiny"
datasets = ["{dataset}"]
cells = ["rnn"]
seeds = [0, 1]

[train]
epochs = 3
hidden = 4
lr = 0.1

[conditions.plain]

[conditions.radius]
normalize = "radius"

[measure]
samples = 8
lyapunov = 2
attack_epsilons = [0, 0.5]
weight_epsilons = [1]
"""


@pytest.fixture
def halves(tmp_path):
    """A data set of 40 and 10 series of 6 steps, whose classes are rising and falling."""
    rng = np.random.default_rng(8)
    for half, n in (("TRAIN", 40), ("TEST", 10)):
        labels = np.arange(n) % 2
        series = rng.standard_normal((n, 6)) + (2 * labels - 1)[:, None] * np.arange(6)
        lines = ["\t".join(map(str, [k, *row])) for k, row in zip(labels, series, strict=True)]
        (tmp_path / f"Walk_{half}.tsv").write_text("\n".join(lines) + "\n")
    return f"tsv:{tmp_path / 'Walk_TRAIN.tsv'}"


@pytest.fixture
def study_file(tmp_path, halves):
    """Write a study of 4 runs, with texts of it replaced by others."""

    def write(replaced=(), name="tiny.toml"):
        text = STUDY.format(dataset=halves)
        for old, new in dict(replaced).items():
            assert old in text
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text)
        return path

    return write

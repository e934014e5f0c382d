"""Every function of dynamics takes a data set, an array, a tensor or a list of sequences."""

import numpy as np
import pytest
import torch

from rnnspec import SequenceClassifier, SequenceDataset, dynamics, lyapunov_spectrum
from rnnspec.dynamics.named import named_jacobian
from rnnspec.dynamics.visited import visited_fixed_points

N, T, D = 3, 8, 2
LENGTHS, LABELS = [8, 5, 7], [0, 1, 0]
DOORS = {
    "state_trajectory": lambda m, *data: dynamics.state_trajectory(m, *data)["layer0"],
    "state_jacobians": dynamics.state_jacobians,
    "mean_jacobian": dynamics.mean_jacobian,
    "stability_bands": lambda m, *data: dynamics.stability_bands(m, *data, steps=[0, 7]).values[
        "spectral_norm"
    ],
    "finite_time_growth": lambda m, *data: dynamics.finite_time_growth(m, *data, step=6).measured,
    "gradient_profile": lambda m, x, *lengths: (
        dynamics.gradient_profile(m, x, LABELS, *lengths).log_norms
    ),
    "gradient_profile of its labels": lambda m, x, *lengths: (
        dynamics.gradient_profile(
            m, x, None if isinstance(x, SequenceDataset) else LABELS, *lengths
        ).log_norms
    ),
    "lyapunov_spectrum": lambda m, *data: lyapunov_spectrum(m, *data, warmup=0).exponents,
    "named_jacobian": lambda m, x, lengths=None: named_jacobian(m, x, lengths, "jacobian@step3"),
    "visited_fixed_points": lambda m, *data: visited_fixed_points(m, *data).states,
}


@pytest.mark.filterwarnings("ignore::rnnspec._checks.ConvergenceWarning")
@pytest.mark.parametrize("door", DOORS)
def test_all_forms_are_the_same_sequences(door):
    model = SequenceClassifier("gru", D, 2, hidden=3, init="torch", seed=2)
    X = np.random.default_rng(6).standard_normal((N, T, D))
    data = SequenceDataset.from_raw(X, np.array(LENGTHS), LABELS, ("a", "b"))
    X = data.inputs
    expected = DOORS[door](model, X, LENGTHS)
    for form in (
        (data,),
        (torch.from_numpy(X), torch.tensor(LENGTHS)),
        ([row[:length] for row, length in zip(X, LENGTHS, strict=True)],),
    ):
        np.testing.assert_array_equal(DOORS[door](model, *form), expected)

"""Every door that takes a data set takes arrays, tensors and lists, and means the same by them."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import TensorDataset

import rnnspec
from rnnspec.data import SequenceDataset, as_dataset, load_dataset
from rnnspec.robustness.corruptions import CORRUPTIONS, corrupt

N, T, D = 12, 6, 2
LABELS = np.arange(N) % 2


@pytest.fixture(scope="module")
def X():
    values = np.random.default_rng(91).normal([0, 3], [1, 2], (N, T, D))
    values[LABELS == 1] += [1, 2]
    return values.astype(np.float32)


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(8)
    return rnnspec.SequenceClassifier("rnn", D, 2, hidden=5)


FORMS = {
    "arrays": lambda X: (X, LABELS),
    "tensors": lambda X: (torch.from_numpy(X), torch.from_numpy(LABELS)),
    "a TensorDataset": lambda X: TensorDataset(torch.from_numpy(X), torch.from_numpy(LABELS)),
    "a list": lambda X: (list(X), LABELS),
}
DOORS = {
    "robustness_curve": lambda m, data: (
        rnnspec.robustness_curve(
            m, data, epsilons=[0, 0.2], iterations=3, restarts=1, samples=8
        ).mean_loss
    ),
    "minimal_perturbations": lambda m, data: rnnspec.minimal_perturbations(m, data, samples=8).r,
    "weight_robustness": lambda m, data: [
        moved.n_correct for moved in rnnspec.weight_robustness(m, data, "random", [0.1])
    ],
    "under_attack": lambda m, data: logits_of(m, data),
    "corrupt": lambda _, data: corrupt(data, "jitter", 3).inputs,
}


def logits_of(model, data):
    with rnnspec.under_attack(model, data) as victim, torch.no_grad():
        return victim.logits(victim.zeros()).numpy()


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.parametrize("form", FORMS)
def test_all_forms_are_one_data_set(X, model, door, form):
    expected = DOORS[door](model, as_dataset((X, LABELS)))
    np.testing.assert_array_equal(DOORS[door](model, FORMS[form](X)), expected)


@pytest.mark.parametrize("door", DOORS)
def test_every_door_refuses_a_whole_data_set_and_inputs_alone(X, model, door):
    with pytest.raises(ValueError, match=r"`data` must be one part, got the whole .* its \.test"):
        DOORS[door](model, load_dataset("digits"))
    with pytest.raises(ValueError, match="`data` must be a SequenceDataset, got ndarray"):
        DOORS[door](model, X)


@pytest.mark.parametrize("door", DOORS)
def test_lists_of_different_lengths_are_padded_data(X, model, door):
    lengths = 2 + np.arange(N) % 5
    series = [torch.from_numpy(one[:length]) for one, length in zip(X, lengths, strict=True)]
    padded = np.where(np.arange(T) < lengths[:, np.newaxis], X.transpose(2, 0, 1), np.nan)
    padded = padded.transpose(1, 2, 0)
    np.testing.assert_array_equal(
        DOORS[door](model, (series, LABELS)), DOORS[door](model, (padded.astype("f4"), LABELS))
    )


class Seen(nn.Module):
    """Keeps what it was given last; its logits are the sums of the two channels."""

    def __init__(self, dtype=torch.float32):
        super().__init__()
        self.weight = nn.Parameter(torch.ones((), dtype=dtype))

    def forward(self, inputs):
        self.last = inputs.detach().numpy()
        return self.weight * inputs.sum(1)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_the_model_sees_the_values_bit_for_bit(X, dtype):
    values = X.astype(np.float64) + 1e-9 if dtype == torch.float64 else X
    seen = Seen(dtype)
    with rnnspec.under_attack(seen, (values, LABELS)) as victim:
        victim.logits(victim.zeros())
    np.testing.assert_array_equal(seen.last, values)


@pytest.mark.parametrize("units", ["std", "raw"])
def test_a_size_is_in_standard_deviations_of_each_channel_or_in_the_arrays_own_units(X, units):
    seen = Seen(torch.float64)
    with rnnspec.under_attack(seen, (X, LABELS), rnnspec.Threat(units=units)) as victim:
        victim.logits(victim.zeros() + 0.1)
    expected = 0.1 * X.astype(float).std((0, 1)) if units == "std" else [0.1, 0.1]
    moved = seen.last - X
    np.testing.assert_allclose(moved, np.broadcast_to(expected, X.shape), rtol=1e-12)


@pytest.mark.parametrize("norm", ["linf", "l2"])
@pytest.mark.parametrize("units", ["std", "raw"])
def test_arrays_and_their_standardised_values_are_equally_robust(X, norm, units):
    """A network on raw values, and the same one behind the standardisation."""
    mean, std = X.astype(float).mean((0, 1)), X.astype(float).std((0, 1))
    raw = nn.Sequential(nn.Flatten(), nn.Linear(T * D, 2)).double()
    standardised = nn.Sequential(nn.Flatten(), nn.Linear(T * D, 2)).double()
    with torch.no_grad():
        scale = torch.from_numpy(np.tile(std, T))
        standardised[1].weight.copy_(raw[1].weight * scale)
        standardised[1].bias.copy_(raw[1].bias + raw[1].weight @ torch.from_numpy(np.tile(mean, T)))
    data = SequenceDataset.from_raw(X, [T] * N, LABELS, ("a", "b"), mean=mean, std=std)
    of_arrays = rnnspec.minimal_perturbations(raw, (X, LABELS), norm=norm, units=units)
    of_data = rnnspec.minimal_perturbations(standardised, data, norm=norm, units=units)
    np.testing.assert_allclose(of_arrays.r, of_data.r, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_corruptions_are_in_standard_deviations_of_the_arrays(X, name):
    mean, std = X.astype(float).mean((0, 1)), X.astype(float).std((0, 1))
    data = SequenceDataset.from_raw(X, [T] * N, LABELS, ("a", "b"), mean=mean, std=std)
    found, expected = corrupt((X, LABELS), name, 4, seed=2), corrupt(data, name, 4, seed=2)
    np.testing.assert_array_equal(found.lengths, expected.lengths)
    np.testing.assert_allclose(found.raw() / std, expected.raw() / std, atol=2e-5)


def test_raw_units_far_from_the_data_are_refused():
    data = SequenceDataset.from_raw(
        1e-35 * np.eye(2)[:, :, np.newaxis], [2, 2], [0, 1], ("a", "b"), std=1e-35
    )
    linear = nn.Sequential(nn.Flatten(), nn.Linear(2, 2))
    assert np.isfinite(rnnspec.minimal_perturbations(linear, data).r).any()
    with pytest.raises(ValueError, match=r"`units` must be 'std' for this data: .* of 1e-35"):
        rnnspec.minimal_perturbations(linear, data, units="raw")


@pytest.mark.parametrize(
    "values", [np.zeros((4, 3, 2)), np.ones((1, 1, 2)), np.full((2, 1, 2), 7.1)]
)
@pytest.mark.parametrize("door", DOORS)
def test_dull_arrays(model, door, values):
    labels = np.zeros(len(values), int)
    found = DOORS[door](model, (values, labels))
    assert not np.isnan(np.asarray(found, float)).any()

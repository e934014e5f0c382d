"""A kick: closed forms, the proof and the prediction, and the classifier's own forward."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import rnnspec
from rnnspec import SequenceClassifier, recurrent_matrices
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.kick import kick
from rnnspec.spectra import gallery


@pytest.fixture
def series():
    rng = np.random.default_rng(3)
    lengths = np.array([12, 5, 9, 12, 7])
    return SequenceDataset.from_raw(
        rng.standard_normal((5, 12, 2)), lengths, [0, 1, 2, 0, 1], ("a", "b", "c")
    )


def rnn(W, n_features=2, quiet=False):
    """A vanilla network with recurrent matrix W; `quiet`: its inputs are not heard."""
    model = SequenceClassifier("rnn", n_features, 3, hidden=len(W), seed=1)
    with torch.no_grad():
        model.recurrent.weight_hh_l0.copy_(torch.as_tensor(W))
        if quiet:
            model.recurrent.weight_ih_l0.zero_()
            model.recurrent.bias_ih_l0.zero_()
            model.recurrent.bias_hh_l0.zero_()
    return model


def test_in_a_wrapper_a_model_is_the_same(series):
    model = SequenceClassifier("gru", 2, 3, hidden=5)
    plain, wrapped = (kick(one, series, 3, 0.1) for one in (model, torch.nn.DataParallel(model)))
    np.testing.assert_array_equal(plain.sizes, wrapped.sizes)


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_kick_of_the_initial_state_is_the_models_own(cell, layers, series):
    model = SequenceClassifier(cell, 2, 3, hidden=6, layers=layers, seed=2)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    found = kick(model, series, 0, 3.0, seed=4)
    generator = torch.Generator().manual_seed(4)
    delta = torch.randn((5, *model.state_shape), generator=generator, dtype=torch.float64)
    delta = 3 * delta / delta.flatten(1).norm(dim=1)[:, None, None, None]
    inputs, lengths = torch.from_numpy(series.inputs), torch.from_numpy(series.lengths)
    classes = [
        model(inputs, lengths, state).argmax(1)
        for state in (torch.zeros_like(delta.float()), delta.float())
    ]
    assert (found.changed == (classes[0] != classes[1]).numpy()).all()
    assert found.sizes[:, 0] == pytest.approx(3.0, rel=1e-12)
    assert model.training
    assert all((before[name] == weight).all() for name, weight in model.state_dict().items())


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_the_trace_is_the_difference_of_two_trajectories(cell, series):
    model = SequenceClassifier(cell, 2, 3, hidden=4, layers=2, seed=2).double()
    found = kick(model, series, 3, 0.1, seed=1)
    inputs, n = torch.from_numpy(series.inputs).double(), len(series)
    generator = torch.Generator().manual_seed(1)
    delta = torch.randn((n, *model.state_shape), generator=generator, dtype=torch.float64)
    delta *= 0.1 / delta.flatten(1).norm(dim=1)[:, None, None, None]
    # An independent way: each k from the kick on by one call of the fused layers.
    with torch.no_grad():
        state = model.recurrent(inputs[:, :3])[1]
        parts = state if cell == "lstm" else (state,)
        for k in range(1, 10):
            ends = []
            for move in (0, 1):
                moved = tuple(
                    (p + move * delta[:, i].transpose(0, 1)).contiguous()
                    for i, p in enumerate(parts)
                )
                end = model.recurrent(inputs[:, 3 : 3 + k], moved if cell == "lstm" else moved[0])[
                    1
                ]
                ends.append(torch.cat(end) if cell == "lstm" else end)
            apart = (ends[1] - ends[0]).transpose(0, 1).flatten(1).norm(dim=1).numpy()
            alive = series.lengths >= 3 + k
            assert found.sizes[alive, k] == pytest.approx(apart[alive], rel=1e-9)


def test_it_ends_with_each_sequence_whatever_pads_it(series):
    found = kick(SequenceClassifier("gru", 2, 3, hidden=4), series, 5, 1.0)
    assert found.sizes.shape == (5, 8)
    assert (np.isfinite(found.sizes).sum(axis=1) == series.lengths - 5 + 1).all()
    poisoned = series.inputs.copy()
    poisoned[~series.mask()] = 9
    other = kick(SequenceClassifier("gru", 2, 3, hidden=4), replace(series, inputs=poisoned), 5, 1)
    np.testing.assert_array_equal(found.sizes, other.sizes)


def test_a_sequence_shorter_than_the_step_is_not_kicked(series):
    found = kick(SequenceClassifier("rnn", 2, 3, hidden=4), series, 8, 50.0)
    assert np.isnan(found.sizes[[1, 4]]).all()
    assert not found.changed[[1, 4]].any()


@pytest.mark.parametrize("direction", ["random", "transient"])
def test_small_kicks_of_a_quiet_network_follow_the_powers(direction, series):
    W = 0.9 * gallery.grcar(6) / 2
    model, series = rnn(W, quiet=True), replace(series, lengths=np.full(5, 12))
    found = kick(model, series, 2, 1e-6, direction=direction)
    norms = rnnspec.transient_growth(recurrent_matrices(model)["layer0"], 10).norms
    assert found.predicted == pytest.approx(1e-6 * norms, rel=1e-12)
    assert (found.growth <= norms * (1 + 1e-6)).all()
    if direction == "transient":
        peak = norms.argmax()
        assert peak > 0
        assert found.growth[:, peak] == pytest.approx(norms[peak], rel=1e-6)


@pytest.mark.parametrize("epsilon", [1e-3, 1.0, 30.0])
@pytest.mark.parametrize("direction", ["random", "transient"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_the_bound_holds_where_units_saturate(scale, direction, epsilon, series):
    W = scale * gallery.ginibre(8, seed=1)
    found = kick(rnn(W), series, 1, epsilon, direction=direction)
    above = found.sizes > found.bound * (1 + 1e-9)
    assert not above.any()
    assert found.bound[0] == epsilon


def test_both_halves_of_the_bound_are_needed():
    # Nilpotent: the absolute powers vanish; orthogonal: the product of norms is 1.
    series = SequenceDataset.from_raw(np.zeros((1, 6, 2)), [6], [0], ("a",))
    nilpotent = kick(rnn(4 * gallery.jordan(3)), series, 0, 1.0).bound
    assert nilpotent == pytest.approx([1, 4, 16, 0, 0, 0, 0], abs=1e-12)
    Q = gallery.random_orthogonal(5, 2)
    assert kick(rnn(Q), series, 0, 1.0).bound == pytest.approx(np.ones(7), rel=1e-5)


def test_the_prediction_is_no_bound():
    # W^2 = 0 by a cancellation that the saturation of one unit breaks.
    W = np.array([[1.0, -1.0], [1.0, -1.0]])
    model = rnn(W, quiet=True)
    with torch.no_grad():
        model.recurrent.bias_ih_l0.copy_(torch.tensor([0.0, 2.0]))
    series = SequenceDataset.from_raw(np.zeros((4, 4, 2)), [4] * 4, [0] * 4, ("a",))
    found = kick(model, series, 0, 0.1)
    assert found.predicted[2] == pytest.approx(0, abs=1e-12)
    assert (found.sizes[:, 2] > 1e-3).any()
    assert (found.sizes <= found.bound * (1 + 1e-9)).all()


@pytest.mark.parametrize(("cell", "layers"), [("rnn", 2), ("lstm", 1), ("gru", 1)])
def test_no_bound_from_one_matrix_of_several(cell, layers, series):
    model = SequenceClassifier(cell, 2, 3, hidden=4, layers=layers)
    found = kick(model, series, 0, 1.0)
    assert found.bound is None
    assert found.predicted is None
    with pytest.raises(ValueError, match="`direction` must be 'random' for this model"):
        kick(model, series, 0, 1.0, direction="transient")


def test_a_large_kick_changes_decisions_and_the_seed_decides(series):
    model = SequenceClassifier("lstm", 2, 3, hidden=4)
    once, again, other = (kick(model, series, 4, 20.0, seed=seed) for seed in (0, 0, 1))
    np.testing.assert_array_equal(once.sizes, again.sizes)
    assert not np.array_equal(once.sizes, other.sizes)
    assert once.changed.any()
    assert not kick(model, series, 4, 1e-9).changed.any()


def test_a_normalised_network_is_kicked_as_it_acts(series):
    model = rnn(3 * gallery.random_orthogonal(4, 1))
    rnnspec.normalize_recurrent(model, rnnspec.Normalize("norm", bound=0.5))
    found = kick(model, series, 0, 1.0)
    assert found.bound == pytest.approx(0.5 ** np.arange(13), rel=1e-3)
    assert (
        found.sizes[~np.isnan(found.sizes)]
        <= np.broadcast_to(found.bound * 1.001, (5, 13))[~np.isnan(found.sizes)]
    ).all()


def test_the_mode_of_a_normalised_network_changes_nothing(series):
    model = SequenceClassifier("gru", 2, 3, hidden=6, init="torch", seed=3)
    normalize = rnnspec.Normalize("radius", bound=0.1, estimator="power")
    rnnspec.normalize_recurrent(model, normalize)
    training, resting = kick(model.train(), series, 0, 1.0), kick(model.eval(), series, 0, 1.0)
    np.testing.assert_array_equal(training.sizes, resting.sizes)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"step": -1}, "`step` must be an integer from 0 to 11, got -1"),
        ({"step": 12}, "`step` must be an integer from 0 to 11, got 12"),
        ({"step": 1.0}, "`step` must be an integer from 0 to 11, got 1.0"),
        ({"epsilon": 0.0}, "`epsilon` must be a finite number > 0, got 0.0"),
        ({"epsilon": np.nan}, "`epsilon` must be a finite number > 0, got nan"),
        ({"direction": "up"}, "`direction` must be one of random, transient, got 'up'"),
        ({"model": torch.nn.Linear(2, 2)}, "`model` must be a rnnspec.SequenceClassifier.* Linear"),
        (
            {"model": SequenceClassifier("rnn", 2, 3, hidden=4, bidirectional=True)},
            "`model` must read in one direction",
        ),
    ],
)
def test_errors(change, error, series):
    call = {"model": rnn(np.eye(3)), "data": series, "step": 0, "epsilon": 1.0} | change
    with pytest.raises(ValueError, match=error):
        kick(**call)


def test_a_step_that_no_sequence_reaches(series):
    short = replace(series, lengths=np.full(5, 4))
    with pytest.raises(ValueError, match="no sequence is longer than 4"):
        kick(rnn(np.eye(3)), short, 4, 1.0)

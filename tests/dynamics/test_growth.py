import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import (
    Normalize,
    SequenceClassifier,
    finite_time_growth,
    gallery,
    kreiss_constant,
    normalize_recurrent,
    state_jacobians,
    transient_growth,
)
from rnnspec.dynamics import jacobian_products, mean_jacobian
from rnnspec.models.gates import CELLS

D, H, T = 2, 5, 6
LENGTHS = [T, 2, 4]
KICK = 1e-6


@pytest.fixture
def x():
    return np.random.default_rng(11).standard_normal((3, T, D))


def model_of(cell, layers=1, **options):
    model = SequenceClassifier(cell, D, 2, H, layers, init="torch", seed=5, **options).double()
    with torch.no_grad():
        for weight in model.recurrent.parameters():
            weight.mul_(2.0)
    return model


def at_rest(W):
    """A tanh network that hears nothing: along zeros its Jacobian is W."""
    rnn = nn.RNN(1, len(W), bias=False).double()
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(torch.as_tensor(W))
    return rnn


def classifier_with(W, quiet=False):
    """A vanilla classifier with recurrent matrix W; a quiet one does not hear its inputs."""
    model = SequenceClassifier("rnn", D, 3, hidden=len(W), seed=1)
    with torch.no_grad():
        model.recurrent.weight_hh_l0.copy_(torch.as_tensor(W))
        if quiet:
            model.recurrent.weight_ih_l0.zero_()
            model.recurrent.bias_ih_l0.zero_()
            model.recurrent.bias_hh_l0.zero_()
    return model


def test_at_rest_all_is_the_growth_of_the_powers():
    W = np.random.default_rng(3).standard_normal((4, 4)) / 3 + np.triu(np.ones((4, 4)), 1)
    found = finite_time_growth(at_rest(W), np.zeros((2, 9, 1)), step=1)
    norms = transient_growth(W, 8).norms
    assert found.reference == "W"
    for each in (*found.linear, found.powers):
        np.testing.assert_allclose(each, np.log(norms), rtol=0, atol=1e-13)
    for each in found.product:
        np.testing.assert_allclose(each, np.arange(9) * np.log(norms[1]), rtol=0, atol=1e-13)
    bound = np.minimum(norms[1] ** np.arange(9), transient_growth(np.abs(W), 8).norms)
    np.testing.assert_allclose(found.bound, np.log(bound), rtol=0, atol=1e-13)


def test_the_kreiss_constant_bounds_the_powers():
    W = np.array([[0.9, 4.0], [0.0, 0.9]])
    found = finite_time_growth(at_rest(W), np.zeros((1, 60, 1)))
    K = kreiss_constant(W)
    assert found.kreiss_lower == pytest.approx(np.log(K.lower), abs=1e-12)
    assert found.kreiss_upper == pytest.approx(np.log(np.e * 2 * K.upper), abs=1e-12)
    assert found.kreiss_lower <= found.powers.max() <= found.kreiss_upper


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_product_is_below_the_product_of_norms(cell, layers, x):
    model = model_of(cell, layers)
    found = finite_time_growth(model, x, LENGTHS, step=1)
    P, log_scale = jacobian_products(state_jacobians(model, x, LENGTHS, range(1, T)))
    for i, length in enumerate(LENGTHS):
        whole = log_scale[i, 0] + np.log(np.linalg.norm(P[i, 0], 2))
        assert found.linear[i, length - 1] == pytest.approx(whole, abs=1e-12)
        real = np.arange(T) <= length - 1
        for each in (found.linear, found.product, found.measured):
            np.testing.assert_array_equal(np.isfinite(each[i]), real)
        assert (found.linear[i] <= found.product[i] + 1e-12)[real].all()
    assert (found.product - found.linear)[0, 2:].max() > 1e-3  # and not the same


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_the_worst_small_kick_grows_as_the_product_does(cell, layers, x):
    found = finite_time_growth(model_of(cell, layers), x, LENGTHS, step=1, epsilon=KICK)
    for measured, linear in zip(found.measured, found.linear, strict=True):
        peak = 1 + int(np.nanargmax(linear[1:]))
        assert measured[peak] == pytest.approx(linear[peak], abs=100 * KICK)
    assert np.nanmax(found.measured - found.linear) < 100 * KICK


def test_the_measured_growth_is_the_models_own(x):
    model = model_of("rnn")
    found = finite_time_growth(model, x, kick="random", epsilon=0.5, seed=4)
    delta = np.random.default_rng(4).standard_normal((3, H))
    delta = torch.from_numpy(0.5 * delta / np.linalg.norm(delta, axis=1, keepdims=True))
    rest = torch.zeros_like(delta)
    with torch.no_grad():
        ends = [model.recurrent(torch.from_numpy(x), s[None])[0] for s in (rest + delta, rest)]
    sizes = (ends[0] - ends[1]).norm(dim=2).numpy()
    np.testing.assert_allclose(found.measured[:, 1:], np.log(sizes / 0.5), rtol=0, atol=1e-10)
    np.testing.assert_allclose(found.measured[:, 0], 0, atol=1e-14)


@pytest.mark.parametrize("kick", ["worst", "random", "transient"])
@pytest.mark.parametrize("scale", [0.3, 1.0, 2.0])
def test_a_kick_of_any_size_stays_below_what_is_proved(scale, kick, x):
    model = classifier_with(scale * gallery.ginibre(8, seed=1))
    for epsilon in (1e-3, 1.0, 30.0):
        found = finite_time_growth(model, x, LENGTHS, step=1, kick=kick, epsilon=epsilon)
        assert not (found.measured > found.bound + 1e-9).any()
        assert not (found.linear > found.bound + 1e-9).any()
        assert found.bound[0] == 0


def test_both_halves_of_the_bound_are_needed():
    # Nilpotent: the absolute powers vanish; orthogonal: the product of norms is 1.
    nilpotent, orthogonal = 4 * gallery.jordan(3), gallery.random_orthogonal(5, 2)
    found = [finite_time_growth(at_rest(W), np.zeros((1, 6, 1))) for W in (nilpotent, orthogonal)]
    assert np.exp(found[0].bound) == pytest.approx([1, 4, 16, 0, 0, 0, 0], abs=1e-12)
    np.testing.assert_allclose(found[1].bound, 0, atol=1e-12)


def test_the_powers_are_no_bound():
    # W^2 = 0 by a cancellation that the saturation of one unit breaks.
    model = classifier_with([[1.0, -1.0], [1.0, -1.0]], quiet=True)
    with torch.no_grad():
        model.recurrent.bias_ih_l0.copy_(torch.tensor([0.0, 2.0]))
    found = finite_time_growth(model, np.zeros((4, 4, D)), kick="random", epsilon=0.1)
    assert np.exp(found.powers[2]) < 1e-12
    assert (found.sizes[:, 2] > 1e-3).any()
    assert (found.measured <= found.bound + 1e-9).all()


def test_the_transient_kick_grows_as_the_largest_power():
    W = 0.9 * gallery.grcar(6) / 2
    quiet = classifier_with(W, quiet=True)
    found = finite_time_growth(quiet, np.zeros((3, 12, D)), step=2, kick="transient")
    norms = transient_growth(W.astype(np.float32), 10).norms
    np.testing.assert_allclose(found.powers, np.log(norms), rtol=0, atol=1e-6)
    peak = int(norms.argmax())
    assert peak > 0
    np.testing.assert_allclose(found.measured[:, peak], np.log(norms[peak]), rtol=0, atol=1e-5)


def test_sizes_are_those_of_the_difference(x):
    found = finite_time_growth(model_of("lstm"), x, LENGTHS, step=1, epsilon=0.25)
    alive = [0, 1, 2]
    np.testing.assert_allclose(found.sizes[alive, 0], 0.25, rtol=1e-12)
    np.testing.assert_allclose(found.sizes, 0.25 * np.exp(found.measured), rtol=1e-12)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_a_changed_decision_is_the_classifiers_own(cell, layers, x):
    model = model_of(cell, layers)
    found = finite_time_growth(model, x, LENGTHS, kick="random", epsilon=20.0, seed=4)
    shape = (3, layers, 1 + (cell == "lstm"), H)  # the whole state: layers of (h, c)
    delta = np.random.default_rng(4).standard_normal((3, np.prod(shape[1:])))
    delta = 20.0 * delta / np.linalg.norm(delta, axis=1, keepdims=True)
    kicked = torch.from_numpy(delta.reshape(shape)).transpose(1, 2)  # (n, parts, layers, h)
    lengths = torch.tensor(LENGTHS)
    with torch.no_grad():
        classes = [
            model(torch.from_numpy(x), lengths, start).argmax(1)
            for start in (torch.zeros_like(kicked), kicked)
        ]
    np.testing.assert_array_equal(found.changed, (classes[0] != classes[1]).numpy())


def test_only_a_large_kick_changes_decisions(x):
    model = model_of("lstm")
    large, small = (
        finite_time_growth(model, x, LENGTHS, step=2, kick="random", epsilon=size)
        for size in (100.0, 1e-9)
    )
    assert large.changed.any()
    assert not large.changed[1]  # it ended before
    assert not small.changed.any()


def test_what_decides_nothing_changes_no_decision(x):
    class Louder(SequenceClassifier):
        def forward(self, *given):
            return 2 * super().forward(*given)

    assert finite_time_growth(nn.GRU(D, H, batch_first=True), x).changed is None
    assert finite_time_growth(Louder("gru", D, 2, H), x).changed is None


def test_a_model_in_a_wrapper_is_the_same(x):
    model = model_of("gru")
    plain, wrapped = (finite_time_growth(m, x) for m in (model, nn.DataParallel(model)))
    np.testing.assert_array_equal(plain.measured, wrapped.measured)
    np.testing.assert_array_equal(plain.changed, wrapped.changed)


def test_a_normalised_network_is_kicked_as_it_acts(x):
    model = classifier_with(3 * gallery.random_orthogonal(4, 1))
    normalize_recurrent(model, Normalize("norm", bound=0.5))
    training = finite_time_growth(model.train(), x, epsilon=1.0)
    resting = finite_time_growth(model.eval(), x, epsilon=1.0)
    np.testing.assert_array_equal(training.measured, resting.measured)
    np.testing.assert_allclose(training.bound, np.arange(T + 1) * np.log(0.5), atol=1e-2)
    assert (training.measured <= training.bound + 1e-9).all()


def test_the_kick_and_its_seed_are_taken(x):
    model = model_of("gru")
    kicked = [
        finite_time_growth(model, x, kick=kick, seed=seed).measured[0, -1]
        for kick, seed in (("worst", 0), ("random", 0), ("random", 1))
    ]
    assert len(set(kicked)) == 3


@pytest.mark.parametrize(("cell", "layers"), [("gru", 1), ("lstm", 1), ("rnn", 2)])
def test_only_one_layer_of_rnn_has_a_bound(cell, layers, x):
    model = model_of(cell, layers)
    found = finite_time_growth(model, x, LENGTHS, step=1)
    assert found.bound is None
    assert found.reference == "mean Jacobian"
    # Of the steps from the kick on; the one sequence that ends before does not count.
    mean = mean_jacobian(model, x, LENGTHS, range(1, T))
    np.testing.assert_allclose(
        found.powers, np.log(transient_growth(mean, T - 1).norms), rtol=0, atol=1e-12
    )


def test_sequences_that_end_before_the_kick_are_nan(x):
    found = finite_time_growth(model_of("gru"), x, LENGTHS, step=3)
    for each in (found.linear, found.measured, found.product):
        assert np.isnan(each[1]).all()
        assert np.isfinite(each[0]).all()


def test_a_growth_of_zero_is_minus_infinity():
    found = finite_time_growth(at_rest(np.zeros((2, 2))), np.zeros((1, 2, 1)))
    for each in (found.linear[0], found.measured[0], found.product[0], found.bound, found.powers):
        np.testing.assert_array_equal(each, [0, -np.inf, -np.inf])


def test_the_model_is_left_as_it_was(x):
    model = model_of("lstm").float().train()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    finite_time_growth(model, x)
    assert model.training
    assert all(p.requires_grad and p.grad is None for p in model.parameters())
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ("options", "match"),
    [
        ({"step": T}, "`step` must be an integer that leaves an input.*from 0 to 5, got 6"),
        ({"step": -1}, "from 0 to 5, got -1"),
        ({"step": 1.0}, "from 0 to 5, got 1.0"),
        ({"step": True}, "got True"),
        ({"step": 4, "lengths": [4, 2, 1]}, "from 0 to 3, got 4"),
        ({"epsilon": 0.0}, "`epsilon` must be a finite number > 0"),
        ({"kick": "least"}, "`kick` must be one of worst, random, transient, got 'least'"),
        ({"kick": "transient"}, "`kick` must be 'worst' or 'random' for this model.* got 1 of gru"),
        ({"kick": "random", "seed": -1}, "`seed` must be an integer"),
        ({"inputs": np.full((1, T, D), np.nan)}, "must be finite at real steps"),
        ({"inputs": np.zeros((0, T, D))}, "at least one sequence"),
        ({"inputs": np.zeros((T, D))}, r"must have shape \(n, t, 2\)"),
        ({"model": nn.Linear(2, 2)}, "must have nn.RNN, nn.LSTM or nn.GRU inside"),
        ({"model": nn.GRU(D, H, bidirectional=True)}, "`model` must read in one direction"),
    ],
)
def test_what_does_not_fit_is_refused(options, match, x):
    with pytest.raises(ValueError, match=match):
        finite_time_growth(**{"model": model_of("gru"), "inputs": x, **options})


def test_quantiles_over_sequences_are_of_each_growth():
    inputs = np.random.default_rng(0).standard_normal((4, 5, 2))
    growth = finite_time_growth(nn.GRU(2, 3, batch_first=True), inputs)
    found = growth.quantiles([0.0, 1.0])
    assert list(found) == ["product", "linear", "measured"]
    for name, (low, high) in found.items():
        np.testing.assert_array_equal(low, getattr(growth, name).min(0))
        np.testing.assert_array_equal(high, getattr(growth, name).max(0))
        assert (low[1:] < high[1:]).all()

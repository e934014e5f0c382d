import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import (
    SequenceClassifier,
    finite_time_growth,
    kreiss_constant,
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


def test_a_kick_of_any_size_stays_below_what_is_proved(x):
    model = model_of("rnn")
    for epsilon in (1e-3, 1.0, 10.0):
        for kick in ("worst", "random"):
            found = finite_time_growth(model, x, step=2, kick=kick, epsilon=epsilon)
            assert (found.measured <= found.bound + 1e-9).all()
            assert (found.linear <= found.bound + 1e-9).all()


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
        ({"kick": "least"}, "`kick` must be one of worst, random, got 'least'"),
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

"""Exponents of maps whose growth is known, of two ways that agree, and of the dullest systems."""

import numpy as np
import pytest
import torch
from torch import nn

from rnnspec import (
    ConvergenceWarning,
    SequenceClassifier,
    lyapunov_spectrum,
    state_jacobians,
    state_trajectory,
)
from rnnspec.dynamics import frames
from rnnspec.dynamics import lyapunov as room
from rnnspec.dynamics.exponent_errors import ratio_errors, spectrum_of
from rnnspec.models.gates import CELLS

D, H = 3, 6
UNSETTLED = pytest.mark.filterwarnings("ignore::rnnspec._checks.ConvergenceWarning")


def linear(A):
    """A network at rest that is the map s -> A s: tanh is linear at zero."""
    rnn = nn.RNN(1, len(A), bias=False, batch_first=True).double()
    rnn.weight_hh_l0.data = torch.tensor(A, dtype=torch.float64)
    return rnn


def at_rest(n, steps):
    return np.zeros((n, steps, 1))


def model_of(cell, layers=1, **options):
    torch.manual_seed(5)
    model = SequenceClassifier(cell, D, 2, H, layers, init="torch", **options).double()
    with torch.no_grad():
        for weight in model.recurrent.parameters():
            weight.mul_(2.0)
    return model


def sequences(n=4, steps=40, seed=11):
    return np.random.default_rng(seed).standard_normal((n, steps, D))


def by_products(J, k, frame):
    """log |R_kk| of J_t ... J_1 frame, by QR at each step: (t, k)."""
    grown = np.zeros((len(J), k))
    for t, one in enumerate(J):
        frame, R = np.linalg.qr(one @ frame)
        grown[t] = np.log(np.abs(np.diag(R)))
    return grown


def first_frame(n, s, k, seed=0):
    drawn = np.random.default_rng(seed).standard_normal((n, s, k))
    return torch.linalg.qr(torch.from_numpy(drawn))[0].numpy()


def test_of_a_linear_network_they_are_the_logarithms_of_the_moduli():
    moduli = np.array([1.3, 0.9, 0.9, 0.5, 0.2])
    A = np.diag(moduli)
    A[1:3, 1:3] = 0.9 * np.array([[0.6, -0.8], [0.8, 0.6]])  # a complex pair
    A = A + np.triu(np.full((5, 5), 2.0), 3)  # far from normal
    A[0, 1:3] = 3.0
    found = lyapunov_spectrum(linear(A), at_rest(2, 3000), warmup=300)
    eigenvalues = np.sort(np.abs(np.linalg.eigvals(A)))[::-1]
    np.testing.assert_allclose(np.exp(np.log(eigenvalues)), moduli, rtol=1e-12)
    np.testing.assert_allclose(found.exponents, np.log(moduli), rtol=0, atol=1e-10)


@pytest.mark.parametrize("k", [1, 3])
def test_a_diagonal_map_from_its_own_axes(k):
    growth = np.array([2.0, 1.0, 1e-3])
    J = torch.diag(torch.tensor(growth))
    frame = torch.eye(3, k, dtype=torch.float64)[None]

    def advance(t, rows, Y):
        return J[None].expand(len(rows), 3, 3) @ Y if t < 50 else Y

    for tol in (1e-16, 1e-10):
        _, grown, _ = frames.log_growth(advance, frame, torch.tensor([50]), (0, 20, 50), tol)
        expected = np.array([[20], [30]]) * np.log(growth[:k])
        np.testing.assert_allclose(grown[:, 0], expected, rtol=1e-14)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("k", [1, 4, None])
@UNSETTLED
def test_agrees_with_qr_at_each_step_of_the_jacobians(cell, layers, k):
    model, x, lengths, warmup = model_of(cell, layers), sequences(), [40, 40, 23, 9], 5
    J = state_jacobians(model, x, lengths)
    s = J.shape[2]
    found = lyapunov_spectrum(model, x, lengths, k, warmup=warmup)
    k = k or s
    assert found.finite_time.shape == (4, k)
    assert found.state_size == s
    for i, frame in enumerate(first_frame(4, s, k)):
        grown = by_products(J[i, : lengths[i]], k, frame)[warmup:].mean(0)
        np.testing.assert_allclose(np.sort(found.finite_time[i]), np.sort(grown), rtol=0, atol=1e-9)
    assert found.steps.tolist() == [35, 35, 18, 4]
    assert (np.diff(found.exponents) <= 0).all()
    weights = np.array(found.steps)[:, None] / found.steps.sum()
    np.testing.assert_allclose(found.exponents, (weights * found.finite_time).sum(0), atol=1e-13)


@pytest.mark.parametrize("cell", CELLS)
@UNSETTLED
def test_all_of_them_add_up_to_the_mean_logarithm_of_the_determinant(cell):
    model, x = model_of(cell, 2), sequences()
    determinants = np.linalg.slogdet(state_jacobians(model, x))[1]
    found = lyapunov_spectrum(model, x, warmup=0)
    assert found.exponents.sum() == pytest.approx(determinants.mean(), abs=1e-9)


@UNSETTLED
def test_a_cell_of_an_lstm_alone_decays_by_its_forget_gate():
    lstm = nn.LSTM(1, 2, batch_first=True).double()
    with torch.no_grad():
        for weight in lstm.parameters():
            weight.zero_()
        lstm.bias_ih_l0[2:4] = torch.tensor([1.0, -1.0])
    found = lyapunov_spectrum(lstm, at_rest(1, 90), warmup=40)  # 40: the frame aligns like e^-t
    f = torch.sigmoid(torch.tensor([1.0, -1.0], dtype=torch.float64)).log().numpy()
    np.testing.assert_allclose(found.exponents[:2], f, rtol=0, atol=1e-13)
    assert (found.exponents[2:] == -np.inf).all()  # h is a function of c
    assert np.isnan(found.standard_errors[2:]).all()


@UNSETTLED
def test_of_a_scalar_network_it_is_the_mean_logarithm_of_the_slope():
    rnn = nn.RNN(1, 1, batch_first=True).double()
    x = np.random.default_rng(3).standard_normal((3, 50, 1))
    J = state_jacobians(rnn, x)[:, 10:, 0, 0]
    found = lyapunov_spectrum(rnn, x, warmup=10)
    np.testing.assert_allclose(found.finite_time[:, 0], np.log(np.abs(J)).mean(1), atol=1e-14)
    between = np.log(np.abs(J)).mean(1).std(ddof=1) / np.sqrt(3)
    assert found.standard_errors[0] == pytest.approx(between, rel=1e-10)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@UNSETTLED
def test_a_direction_of_a_bidirectional_network(direction):
    model, x, lengths = model_of("gru", 2, bidirectional=True), sequences(2, 12), [12, 7]
    J = state_jacobians(model, x, lengths, direction=direction)
    found = lyapunov_spectrum(model, x, lengths, direction=direction, warmup=0)
    for i, frame in enumerate(first_frame(2, 2 * H, 2 * H)):
        order = np.arange(lengths[i])[:: -1 if direction == "reverse" else 1]
        grown = by_products(J[i, order], 2 * H, frame).mean(0)
        np.testing.assert_allclose(np.sort(found.finite_time[i]), np.sort(grown), rtol=0, atol=1e-8)


@UNSETTLED
def test_starts_are_where_it_starts():
    model, x = model_of("lstm", 2), sequences(2, 30)
    rest = lyapunov_spectrum(model, x, warmup=0)
    same = lyapunov_spectrum(model, x, starts=np.zeros((2, 4 * H)), warmup=0)
    np.testing.assert_array_equal(rest.exponents, same.exponents)
    states = model.recurrent(torch.from_numpy(x[:, :10]))[1]
    starts = torch.cat(states, 2).transpose(0, 1).flatten(1)
    late = lyapunov_spectrum(model, x[:, 10:], starts=starts, warmup=0)
    J = state_jacobians(model, x)[:, 10:]
    assert late.exponents.sum() == pytest.approx(np.linalg.slogdet(J)[1].mean(), abs=1e-8)
    assert late.exponents.sum() != pytest.approx(rest.exponents.sum(), abs=1e-4)


@pytest.mark.parametrize("direction", ["forward", "reverse"])
@UNSETTLED
def test_starts_of_a_direction_are_its_own(direction):
    model, x = model_of("rnn", bidirectional=True), sequences(2, 30)
    states = state_trajectory(model, x)
    J = state_jacobians(model, x, direction=direction)
    if direction == "forward":
        starts, rest = states["layer0"][:, 9], slice(10, 30)
    else:
        starts, rest = states["layer0.reverse"][:, 20], slice(0, 20)
    late = lyapunov_spectrum(model, x[:, rest], starts=starts, direction=direction, warmup=0)
    expected = np.linalg.slogdet(J[:, rest])[1].mean()
    assert late.exponents.sum() == pytest.approx(expected, abs=1e-9)


@UNSETTLED
def test_batches_are_of_no_matter(monkeypatch):
    model, x, lengths = model_of("gru"), sequences(5, 30), [30, 4, 9, 30, 1]
    starts = np.random.default_rng(1).standard_normal((5, H))
    whole = lyapunov_spectrum(model, x, lengths, starts=starts)
    monkeypatch.setattr(room, "BATCH", 2)
    parts = lyapunov_spectrum(model, x, lengths, starts=starts)
    np.testing.assert_allclose(parts.finite_time, whole.finite_time, rtol=0, atol=1e-9)


@UNSETTLED
def test_the_warmup_does_not_count():
    model, x = model_of("gru"), sequences(2, 30)
    J = state_jacobians(model, x)
    for warmup in (0, 4, 29):
        found = lyapunov_spectrum(model, x, warmup=warmup)
        expected = np.linalg.slogdet(J[:, warmup:])[1].mean()
        assert found.exponents.sum() == pytest.approx(expected, abs=1e-9)
        assert found.times[-1] == 30 - warmup
    assert lyapunov_spectrum(model, x).times[-1] == 27  # a tenth by default


@UNSETTLED
def test_the_seed_draws_the_frame():
    model, x = model_of("rnn"), sequences(2, 30)
    one, same, other = (lyapunov_spectrum(model, x, 2 * [30], 2, seed=q) for q in (1, 1, 2))
    np.testing.assert_array_equal(one.exponents, same.exponents)
    assert (one.exponents != other.exponents).all()


@UNSETTLED
def test_a_smaller_tolerance_loses_less():
    model, x = model_of("lstm"), sequences(3, 200)
    fine, coarse = (lyapunov_spectrum(model, x, tol=tol) for tol in (1e-16, 1e-4))
    assert fine.rounding.max() < 1e-9 < 1e-7 < coarse.rounding.max() <= 1.01e-4
    off = np.abs(coarse.exponents - fine.exponents)
    assert (off <= 100 * coarse.rounding).all()
    assert off.max() > 1e-12


@pytest.mark.parametrize("scale", [1e-200, 1e-12, 1e12, 1e100])
@UNSETTLED
def test_neither_overflow_nor_underflow(scale):
    A = scale * np.array([[3.0, 1.0], [0.0, 2.0]])
    found = lyapunov_spectrum(linear(A), at_rest(1, 400), warmup=100)
    np.testing.assert_allclose(found.exponents, np.log(scale) + np.log([3.0, 2.0]), rtol=1e-13)


@UNSETTLED
def test_what_is_lost_is_minus_infinity():
    zero = lyapunov_spectrum(linear(np.zeros((3, 3))), at_rest(2, 9))
    assert (zero.exponents == -np.inf).all()
    assert not np.isnan(zero.running).any()
    assert (zero.rounding == np.inf).all()
    assert zero.kaplan_yorke_dimension == 0
    shift = lyapunov_spectrum(linear(np.diag([1.0, 0.0])), at_rest(2, 9), warmup=1)
    assert shift.exponents.tolist() == pytest.approx([0, -np.inf])
    assert shift.kaplan_yorke_dimension == 1
    assert shift.rounding[1] == np.inf


@UNSETTLED
def test_a_saturated_network_has_no_nan():
    rnn = nn.RNN(1, 4, batch_first=True).double()
    with torch.no_grad():
        for weight in rnn.parameters():
            weight.mul_(1e4)
    found = lyapunov_spectrum(rnn, np.ones((3, 50, 1)))
    assert not np.isnan(found.exponents).any()
    assert found.exponents[0] < -30
    assert not np.isnan(found.running).any()


def test_the_identity_neither_grows_nor_shrinks():
    found = lyapunov_spectrum(linear(np.eye(4)), at_rest(3, 100))
    np.testing.assert_allclose(found.exponents, 0, atol=1e-15)
    assert found.converged


@UNSETTLED
def test_one_step_of_one_sequence():
    model, x = model_of("rnn"), sequences(1, 1)
    found = lyapunov_spectrum(model, x)
    assert found.times.tolist() == [1]
    assert found.exponents.sum() == pytest.approx(
        np.linalg.slogdet(state_jacobians(model, x))[1].sum()
    )
    assert np.isnan(found.standard_errors).all()
    assert not found.converged


def test_what_has_not_settled_is_said():
    slow = linear(np.array([[1.0, 1.0], [0.0, 1.0]]))  # grows like t: log t / t
    with pytest.warns(ConvergenceWarning, match="have not settled"):
        found = lyapunov_spectrum(slow, at_rest(3, 100))
    assert not found.converged


def test_interchanges_and_reflections_factor_alike():
    Y = torch.from_numpy(np.random.default_rng(2).standard_normal((4, 7, 5)))
    for factor in (frames.eliminate, frames.orthonormalise):
        frame, sizes = factor(Y)
        U = torch.linalg.lstsq(frame, Y).solution
        torch.testing.assert_close(frame @ U, Y, rtol=0, atol=1e-13)
        torch.testing.assert_close(U.tril(-1), torch.zeros(4, 5, 5).double(), rtol=0, atol=1e-13)
        torch.testing.assert_close(U.diagonal(dim1=1, dim2=2).abs(), sizes, rtol=1e-12, atol=0)
        assert frame.abs().max() <= 1 + 1e-15


def test_a_long_product_of_rotations_neither_grows_nor_shrinks():
    Q = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    found = lyapunov_spectrum(linear(Q), at_rest(2, 3200), warmup=0)
    np.testing.assert_allclose(found.exponents, 0, atol=1e-13)


def test_the_error_is_that_of_a_ratio():
    rng = np.random.default_rng(4)
    steps = np.full(2000, 7)
    growth = 7 * 0.3 + rng.standard_normal((2000, 1))
    assert ratio_errors(growth, steps)[0] == pytest.approx(growth.std(ddof=1) / 7 / 2000**0.5)
    exact = ratio_errors(0.3 * np.array([[5.0], [9.0]]), np.array([5, 9]))
    np.testing.assert_allclose(exact, 0, atol=1e-16)


def test_a_lone_trajectory_is_cut_into_stretches():
    growth = np.random.default_rng(8).standard_normal((32, 1, 2))
    times = 10 * np.arange(1, 33)
    found = spectrum_of(growth, 0 * growth, np.array([320]), times, 2)
    expected = np.sort(growth[:, 0].std(0, ddof=1)) / 10 / 32**0.5
    np.testing.assert_allclose(np.sort(found.standard_errors), expected, rtol=1e-12)
    assert np.isnan(found.running_errors[0]).all()
    assert np.isfinite(found.running_errors[1:]).all()


@pytest.mark.parametrize(
    ("exponents", "s", "dimension"),
    [
        ([0.9056, 0.0, -14.5723], 3, 2 + 0.9056 / 14.5723),
        ([-0.1, -0.2], 2, 0.0),
        ([0.2, 0.1], 2, 2.0),
        ([0.2, 0.1], 5, np.nan),
        ([0.3, -0.1, -0.1, -0.4], 9, 3 + 0.1 / 0.4),
        ([0.0, -np.inf], 2, 1.0),
    ],
)
def test_the_dimension_is_that_of_kaplan_and_yorke(exponents, s, dimension):
    growth = np.array(exponents)[None, None]
    found = spectrum_of(growth, np.zeros(growth.shape), np.array([1]), np.array([1]), s)
    assert found.kaplan_yorke_dimension == pytest.approx(dimension, nan_ok=True)


@pytest.mark.parametrize(
    ("changed", "match"),
    [
        ({"starts": np.zeros((4, H - 1))}, r"`starts` must have shape \(4, 6\).*got \(4, 5\)"),
        ({"starts": np.zeros(H)}, r"`starts` must have shape \(4, 6\).*got \(6,\)"),
        ({"starts": np.full((4, H), np.nan)}, "`starts` must be finite"),
        ({"inputs": np.zeros((4, 9, D + 1))}, r"`inputs` must have shape \(n, t, 3\)"),
        ({"inputs": np.zeros((0, 9, D))}, "at least one sequence"),
        ({"inputs": np.zeros((4, 0, D))}, "at least one step"),
        ({"inputs": np.full((4, 9, D), np.inf)}, "`inputs` must be finite"),
        ({"lengths": [40, 40, 40, 41]}, "`lengths` must be from 1 to 40"),
        ({"k": 0}, "`k` must be an integer from 1 to 6, the size of a state, got 0"),
        ({"k": H + 1}, "`k` must be an integer from 1 to 6, the size of a state, got 7"),
        ({"k": 1.5}, "`k` must be an integer from 1 to 6, the size of a state, got 1.5"),
        ({"warmup": 40}, "`warmup` must be an integer from 0 to 39.*the shortest has 40; got 40"),
        ({"warmup": 7, "lengths": [40, 40, 40, 7]}, "from 0 to 6"),
        ({"warmup": -1}, "`warmup` must be an integer from 0 to 39"),
        ({"warmup": 2.5}, "`warmup` must be an integer from 0 to 39"),
        ({"tol": 0.0}, "`tol` must be a finite number > 0"),
        ({"seed": -1}, "`seed` must be an integer"),
        ({"direction": "reverse"}, "`direction` must be one of forward, got 'reverse'"),
        ({"model": nn.GRU(D, H, bidirectional=True)}, "`direction` must be 'forward' or 'reverse'"),
        ({"model": nn.Linear(D, H)}, "found none in Linear"),
    ],
)
def test_bad_input_is_named(changed, match):
    with pytest.raises(ValueError, match=match):
        lyapunov_spectrum(**{"model": model_of("rnn"), "inputs": sequences(), **changed})

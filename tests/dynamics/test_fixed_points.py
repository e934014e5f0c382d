import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch import nn

from rnnspec import SequenceClassifier, fixed_points, measure, state_jacobians, state_trajectory
from rnnspec.models.gates import CELLS
from rnnspec.models.layers import recurrent_cells
from rnnspec.models.stack import stack_step

CORE = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}
EPS = np.finfo(float).eps


def rnn_of(W, U=None, b=None):
    """The rnn h' = tanh(W h + U x + b), in float64."""
    W = np.atleast_2d(np.asarray(W, float))
    rnn = nn.RNN(1 if U is None else np.shape(U)[1], len(W)).double()
    with torch.no_grad():
        rnn.weight_hh_l0.copy_(torch.tensor(W))
        rnn.weight_ih_l0.zero_() if U is None else rnn.weight_ih_l0.copy_(torch.tensor(U))
        rnn.bias_hh_l0.zero_()
        rnn.bias_ih_l0.zero_() if b is None else rnn.bias_ih_l0.copy_(torch.tensor(b))
    return rnn


def random_net(cell, hidden=5, layers=1, gain=1.0, seed=0):
    torch.manual_seed(seed)
    core = CORE[cell](2, hidden, layers).double()
    with torch.no_grad():
        for weight in core.parameters():
            weight.mul_(gain * hidden**0.5)
    return core


def starts_of(model, n, seed=0, size=1.0):
    s = sum(cell.state_size for cell in recurrent_cells(model)[0])
    return size * np.random.default_rng(seed).uniform(-1, 1, (n, s))


def step_of(model, states, x=None):
    (cells,) = recurrent_cells(model)
    x = torch.zeros(1, cells[0].n_inputs).double() if x is None else torch.tensor(x)[None]
    return stack_step(cells, x, torch.tensor(states)).numpy()


def test_uncoupled_units_rest_where_each_does():
    """h = tanh(w h) has the roots 0, +-r for w > 1, and 0 alone below."""
    w = np.array([1.5, 2.5, 0.4])
    roots = [brentq(lambda h, w=w: np.tanh(w * h) - h, 0.1, 1, xtol=1e-15) for w in w[:2]]
    found = fixed_points(rnn_of(np.diag(w)), starts_of(rnn_of(np.diag(w)), 200))
    expected = {(i, j): (i * roots[0], j * roots[1], 0) for i in (-1, 0, 1) for j in (-1, 0, 1)}
    assert len(found) == len(expected) == 9
    assert found.converged.all()
    assert found.index_sum == 1
    for (i, j), point in expected.items():
        k = np.linalg.norm(found.states - point, axis=1).argmin()
        np.testing.assert_allclose(found.states[k], point, rtol=0, atol=100 * EPS)
        assert found.n_unstable[k] == (i == 0) + (j == 0)
        slopes = w * (1 - found.states[k] ** 2)
        np.testing.assert_allclose(found.jacobians[k], np.diag(slopes), atol=100 * EPS)
        np.testing.assert_allclose(found.eigenvalues[k], sorted(slopes)[::-1], atol=100 * EPS)
    assert found.kinds == ("stable",) * 4 + ("saddle",) * 5


def test_small_weights_are_nearly_linear():
    """h = W h + b + O(|h|^3): a single point at (I - W)^{-1} b."""
    rng = np.random.default_rng(1)
    W, b = 0.2 * rng.standard_normal((6, 6)), 1e-5 * rng.standard_normal(6)
    found = fixed_points(rnn_of(W, b=b), starts_of(rnn_of(W), 20))
    linear = np.linalg.solve(np.eye(6) - W, b)
    assert len(found) == 1
    assert found.counts.tolist() == [20]
    np.testing.assert_allclose(found.states[0], linear, atol=10 * np.linalg.norm(linear) ** 3)


def test_gates_without_weights_are_half_open():
    """GRU: h' = h/2 + n/2 with n = tanh(b); LSTM: c' = c/2 + tanh(b)/2, h = tanh(c)/2."""
    for cell in ("gru", "lstm"):
        core = CORE[cell](2, 3).double()
        with torch.no_grad():
            for weight in core.parameters():
                weight.zero_()
            core.bias_ih_l0[6:9] = 0.7  # the new gate of a GRU, g of an LSTM
        found = fixed_points(core, starts_of(core, 7))
        rest = np.full(3, np.tanh(0.7))
        expected = rest if cell == "gru" else np.concatenate([np.tanh(rest) / 2, rest])
        np.testing.assert_allclose(found.states, expected[None], atol=10 * EPS)
        np.testing.assert_allclose(abs(found.eigenvalues).max(), 0.5, atol=10 * EPS)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_every_point_is_at_rest_and_its_jacobian_the_maps_own(cell, layers):
    core = random_net(cell, layers=layers, gain=1.5)
    x = np.array([0.3, -0.2])
    found = fixed_points(core, starts_of(core, 100), x)
    assert len(found) > 0
    assert found.converged.all()
    assert found.counts.sum() + found.slow_counts.sum() == 100
    np.testing.assert_array_equal(found.input, x)
    moved = np.linalg.norm(step_of(core, found.states, x) - found.states, axis=1)
    assert moved.max() <= 1e-10
    np.testing.assert_allclose(found.residuals, moved, atol=20 * EPS)
    (cells,) = recurrent_cells(core)
    for state, J, eigenvalues in zip(found.states, found.jacobians, found.eigenvalues, strict=True):
        s = torch.tensor(state)[None]
        by_torch = torch.autograd.functional.jacobian(
            lambda s: stack_step(cells, torch.tensor(x)[None], s)[0], s
        )[:, 0]
        np.testing.assert_allclose(J, by_torch, atol=1e-12)
        np.testing.assert_allclose(eigenvalues.prod(), np.linalg.det(J), atol=1e-10)
        assert (np.diff(abs(eigenvalues)) <= 0).all()


def test_two_layers_rest_where_the_lower_does_and_then_the_upper():
    core = random_net("gru", layers=2, gain=0.8)
    lower, upper = nn.GRU(2, 5).double(), nn.GRU(5, 5).double()
    for layer, part in enumerate((lower, upper)):
        part.load_state_dict(
            {f"{n[:-1]}0": v for n, v in core.state_dict().items() if n.endswith(str(layer))}
        )
    whole = fixed_points(core, starts_of(core, 50))
    assert whole.converged.all()
    below = fixed_points(lower, starts_of(lower, 50))
    pairs = [
        np.concatenate([s, t])
        for s in below.states
        for t in fixed_points(upper, starts_of(upper, 50), s).states
    ]
    assert len(pairs) == len(whole)
    for state in whole.states:
        assert min(np.linalg.norm(state - pair) for pair in pairs) < 1e-12


@pytest.mark.parametrize("cell", CELLS)
def test_a_classifier_counts_as_its_recurrent_part(cell):
    model = SequenceClassifier(cell, 2, 3, 4)
    with torch.no_grad():  # not orthogonal, as they are drawn: 0 would be a degenerate point
        next(p for name, p in model.named_parameters() if "weight_hh" in name).mul_(0.8)
    along = state_trajectory(model, np.random.default_rng(0).standard_normal((3, 5, 2)))
    found = fixed_points(model, along["layer0"][:, -1])
    J = state_jacobians(model, np.zeros((1, 400, 2)), steps=[399])
    np.testing.assert_allclose(found.jacobians[0], J[0, 0], atol=1e-10)


@pytest.mark.parametrize("cell", CELLS)
def test_the_network_is_left_as_it_was(cell):
    core = random_net(cell).float().train()
    core.weight_ih_l0.requires_grad_(False)
    before = {name: weight.clone() for name, weight in core.named_parameters()}
    fixed_points(core, torch.tensor(starts_of(core, 3), requires_grad=True))
    assert core.training
    for name, weight in core.named_parameters():
        assert torch.equal(weight, before[name])
        assert weight.requires_grad == (name != "weight_ih_l0")
        assert weight.dtype == torch.float32
        assert weight.grad is None


def test_ten_thousand_starts_and_one():
    core = random_net("rnn", hidden=3, gain=1.5)
    starts = starts_of(core, 10_000)
    found = fixed_points(core, starts)
    assert found.counts.sum() + found.slow_counts.sum() == 10_000
    one = fixed_points(core, starts[:1])
    assert (len(one), one.counts.tolist()) == (1, [1])
    assert np.linalg.norm(found.states - one.states, axis=1).min() < 1e-12


def test_the_order_of_the_starts_does_not_matter():
    core = rnn_of(1.7 * np.eye(4) + 0.2 * np.random.default_rng(2).standard_normal((4, 4)))
    starts = starts_of(core, 300)
    one = fixed_points(core, starts)
    other = fixed_points(core, starts[np.random.default_rng(0).permutation(300)])
    assert len(one) > 10
    np.testing.assert_allclose(one.states, other.states, atol=1e-12)
    np.testing.assert_array_equal(one.counts, other.counts)
    np.testing.assert_array_equal(np.lexsort([-one.counts, one.n_unstable]), np.arange(len(one)))


def test_lists_views_and_tensors_are_the_same_numbers():
    core, starts, x = random_net("gru"), starts_of(random_net("gru"), 5), np.array([0.1, -0.7])
    frozen = starts[::-1].copy()
    frozen.flags.writeable = False
    expected = fixed_points(core, starts, x)
    for same in (starts.tolist(), frozen[::-1], torch.tensor(starts, requires_grad=True)):
        for given in (x.tolist(), x[::-1].copy()[::-1], torch.tensor(x)):
            np.testing.assert_array_equal(fixed_points(core, same, given).states, expected.states)


def test_from_a_point_the_search_stays():
    rnn = rnn_of([[2.0]])
    for state in fixed_points(rnn, [[-1.0], [0.1], [0.9]]).states:
        again = fixed_points(rnn, state[None])
        np.testing.assert_allclose(again.states[0], state, atol=4 * EPS)


def test_a_missing_saddle_is_found_between_two_stable_points():
    found = fixed_points(rnn_of([[2.0]]), [[-1.0], [1.0]])
    assert found.kinds == ("stable", "stable", "unstable")
    assert found.counts.tolist() == [1, 1, 0]
    assert found.index_sum == 1
    assert fixed_points(rnn_of([[2.0]]), [[0.0]]).index_sum == -1


def test_a_search_is_held_inside_the_cube():
    """Far outside, gates that are shut for good would pass for rest: h' = h + (1 - z)(n - h)."""
    core = random_net("gru", gain=3.0)
    found = fixed_points(core, starts_of(core, 100, size=50.0))
    assert found.counts.sum() > 0
    for states in (found.states, found.slow_states):
        assert abs(states).max(initial=0.0) <= 1


def test_a_degenerate_point_is_not_converged():
    """h = tanh(h) has the triple root 0: residual h^3/3, slope of the map 1."""
    found = fixed_points(rnn_of([[1.0]]), [[0.5], [-0.3]])
    assert not found.converged.any()
    assert (found.residuals <= 1e-10).all()
    assert (found.errors > 1e-6).all()


def test_points_of_a_line_are_not_converged():
    """LSTM with open forget gate and shut input: c' = c, a line of points in each unit."""
    core = CORE["lstm"](1, 1).double()
    with torch.no_grad():
        for weight in core.parameters():
            weight.zero_()
        core.bias_ih_l0[:2] = torch.tensor([-60.0, 60.0])  # i, f
    starts = np.array([[0.0, c] for c in (-1.0, 0.0, 0.5, 2.0)])
    found = fixed_points(core, starts)
    assert len(found) > 1
    assert not found.converged.any()
    np.testing.assert_allclose(found.states[:, 0], np.tanh(found.states[:, 1]) / 2, atol=1e-10)


def test_where_no_point_is_left_the_search_ends_at_a_slow_one():
    """h' = tanh(2h + b) beyond the fold: |h' - h| has a positive minimum on the left."""
    fold = np.sqrt(0.5)
    b = np.arctanh(fold) - 2 * fold  # where h = -fold is a double root
    b = -b + 0.01
    speed = lambda h: np.tanh(2 * h + b) - h  # noqa: E731
    found = fixed_points(rnn_of([[2.0]], b=[b]), [[-0.9], [0.9]])
    assert (len(found), found.counts.tolist()) == (1, [1])
    assert found.slow_counts.tolist() == [1]
    lowest = speed(np.linspace(-1, 0, 100_001)).min()
    assert found.slow_speeds[0] == pytest.approx(lowest, rel=0.02)
    assert speed(found.slow_states[0, 0]) == pytest.approx(found.slow_speeds[0])


def test_points_are_measured_as_matrices():
    found = fixed_points(rnn_of([[2.0, 0.0], [5.0, 0.5]]), starts_of(rnn_of(np.eye(2)), 50))
    numbers = found.measure([0.01])
    assert len(numbers) == len(found)
    for J, number, n_unstable in zip(found.jacobians, numbers, found.n_unstable, strict=True):
        assert number.to_dict() == measure(J, [0.01]).to_dict()
        assert (number.spectral_radius < 1) == (n_unstable == 0)
    assert found.measure()[0].pseudospectral_radius == {}


def test_no_point_at_all():
    """From where the search ends on the slow side alone."""
    fold = np.sqrt(0.5)
    b = 2 * fold - np.arctanh(fold) + 0.01
    found = fixed_points(rnn_of([[2.0]], b=[b]), [[-0.9]])
    assert (len(found), found.kinds, found.measure(), found.index_sum) == (0, (), (), 0)
    assert found.jacobians.shape == (0, 1, 1)
    assert found.eigenvalues.shape == (0, 1)
    assert found.slow_states.shape == (1, 1)


BAD = np.array([[np.nan] * 5])


@pytest.mark.parametrize(
    ("starts", "input", "match"),
    [
        (np.zeros((2, 4)), None, r"`starts` must have shape \(n, 5\), whole states"),
        (np.zeros(5), None, r"`starts` must have shape \(n, 5\).* got \(5,\)"),
        (np.zeros((0, 5)), None, "`starts` must hold at least one state"),
        (BAD, None, "`starts` must be finite .*padded steps"),
        (np.full((1, 5), 1e200), None, "`starts` must lead to finite states, but 1 of 1 are not"),
        (np.zeros((1, 5)), [0.0], r"`input` must be \(2,\) finite numbers"),
        (np.zeros((1, 5)), [0.0, np.inf], r"`input` must be \(2,\) finite numbers .* inf"),
    ],
)
def test_bad_arguments_are_refused(starts, input, match):
    with pytest.raises(ValueError, match=match):
        fixed_points(random_net("rnn"), starts, input)


def test_networks_without_a_state_map_are_refused():
    with pytest.raises(
        ValueError, match="`model` must read in one direction, got a bidirectional network"
    ):
        fixed_points(nn.GRU(2, 5, bidirectional=True), np.zeros((1, 10)))
    with pytest.raises(ValueError, match="found none in Linear"):
        fixed_points(nn.Linear(2, 5), np.zeros((1, 5)))
    broken = random_net("gru").double()
    with torch.no_grad():
        broken.weight_hh_l0[0, 0] = torch.nan
    with pytest.raises(ValueError, match="`module` must have finite weights"):
        fixed_points(broken, np.zeros((3, 5)))
    with torch.no_grad():
        broken.weight_hh_l0[0, :2] = torch.tensor([1e308, -1e308], dtype=torch.float64)
    with pytest.raises(ValueError, match="3 of 3 are not finite"):
        fixed_points(broken, np.full((3, 5), 10.0))

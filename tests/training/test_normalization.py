import itertools

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrize

import rnnspec
from rnnspec import Normalize, SequenceClassifier, bake, normalize_recurrent
from rnnspec.models.gates import CELLS, GATES, n_gates
from rnnspec.training.baking import shrink_to
from rnnspec.training.exact import exact_values, largest_radius, use_exact_values
from rnnspec.training.normalization import SpectralNormalization

QUANTITIES, ESTIMATORS, MODES = (
    ("radius", "norm"),
    ("rayleigh", "power", "exact"),
    ("clip", "scale"),
)


def weight(g=3, h=7, seed=71, dtype=torch.float64):
    """A stack of g gates, one of them with a complex dominant pair."""
    generator = torch.Generator().manual_seed(seed)
    W = torch.randn(g, h, h, generator=generator, dtype=dtype) / h**0.5
    W *= torch.linspace(0.4, 2.5, g, dtype=dtype)[:, None, None]
    return W.view(g * h, h)


def exact(W, quantity):
    return exact_values(W.detach().view(-1, W.shape[1], W.shape[1]), quantity)


def normalizer(W, *arguments, **options):
    return SpectralNormalization(W, len(W) // W.shape[1], Normalize(*arguments, **options))


def rotation(h=2):
    W = torch.zeros(h, h, dtype=torch.float64)
    W[0, 1], W[1, 0] = -0.9, 0.9
    return W


@pytest.mark.parametrize("estimator", ["power", "rayleigh"])
def test_the_trap_of_the_rotation(estimator):
    """One vector: the Rayleigh quotient of 0.9 times a rotation is 0, whatever the vector."""
    W = rotation(4)
    single = normalizer(W, "radius", estimator="rayleigh", block=1)
    block = normalizer(W, "radius", estimator=estimator)
    for _ in range(50):
        q_single, q = single.advance(W[None]), block.advance(W[None])
    assert abs(q_single.item()) < 1e-12
    assert q.item() == pytest.approx(0.9, rel=1e-12)
    assert torch.equal(single(W), W)
    scaled = normalizer(W, "radius", bound=0.45, estimator=estimator)(W)
    torch.testing.assert_close(scaled, W / 2)


CASES = list(itertools.product(QUANTITIES, MODES, ["exact", "rayleigh"]))


@pytest.mark.parametrize(("quantity", "mode", "estimator"), CASES)
def test_gradients_agree_with_finite_differences(quantity, mode, estimator):
    W = weight()
    c = torch.randn(W.shape, generator=torch.Generator().manual_seed(72), dtype=W.dtype)
    norm = normalizer(W, quantity, mode=mode, estimator=estimator, bound=0.8)
    for _ in range(200):
        norm.advance(W.view(norm.shape))

    def true(W):
        q = exact(W, quantity)
        factor = 0.8 / q
        if mode == "clip":
            factor = factor.clamp_max(1)
        return (c * (W.view(norm.shape) * factor[:, None, None]).view_as(W)).sum().item()

    assert {bool(x) for x in exact(W, quantity) > 0.8} == {True, False}
    W.requires_grad_()
    (gradient,) = torch.autograd.grad((norm(W) * c).sum(), W)
    W = W.detach()
    rng, step = np.random.default_rng(73), 1e-6
    for i, j in zip(rng.integers(0, 21, 40), rng.integers(0, 7, 40), strict=True):
        E = torch.zeros_like(W)
        E[i, j] = step
        slope = (true(W + E) - true(W - E)) / (2 * step)
        assert gradient[i, j].item() == pytest.approx(slope, rel=2e-5, abs=2e-7)


@pytest.mark.parametrize("layers", [1, 2])
@pytest.mark.parametrize("cell", CELLS)
def test_evaluated_exactly_once_per_forward(cell, layers):
    calls = []
    model = SequenceClassifier(cell, 2, 3, 4, layers, bidirectional=True)
    normalize_recurrent(model, Normalize("norm"))
    for part in model.modules():
        if isinstance(part, SpectralNormalization):
            part.register_forward_pre_hook(lambda part, _: calls.append(part))
    for inputs, lengths in (
        (torch.ones(2, 5, 2), None),
        (torch.ones(2, 5, 2), torch.tensor([3, 5])),
    ):
        calls.clear()
        loss = model(inputs, lengths).sum()
        torch.autograd.backward(loss)
        assert len(calls) == len(set(calls)) == 2 * layers


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_clip_leaves_alone_what_is_below_and_scale_hits_the_bound(quantity, estimator):
    W = weight(g=4)
    before = exact(W, quantity)
    out = {}
    for mode in MODES:
        norm = normalizer(W, quantity, bound=0.8, mode=mode, estimator=estimator)
        for _ in range(300):
            out[mode] = norm(W)
    clipped, scaled = (exact(out[mode], quantity) for mode in MODES)
    below = before <= 0.8
    assert 0 < below.sum() < 4
    torch.testing.assert_close(scaled, torch.full_like(scaled, 0.8), rtol=1e-6, atol=0)
    torch.testing.assert_close(clipped, before.clamp_max(0.8), rtol=1e-6, atol=0)
    for gate in range(4):
        rows = slice(7 * gate, 7 * gate + 7)
        assert torch.equal(out["clip"][rows], W[rows]) == bool(below[gate])


@pytest.mark.parametrize("block", [2, 8])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_estimates_converge_to_lapack_on_fixed_weights(quantity, estimator, block):
    W = weight(h=12, seed=74)
    norm = normalizer(W, quantity, estimator=estimator, block=block)
    for _ in range(1000):
        q = norm.advance(W.view(norm.shape))
    np.testing.assert_allclose(q, exact(W, quantity), rtol=1e-6)
    np.testing.assert_allclose(norm.estimate(W.view(norm.shape)), q, rtol=1e-6)


@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize("estimator", ["power", "rayleigh"])
def test_the_norms_estimate_never_exceeds_it(estimator, block):
    W = weight(h=20)
    norm = normalizer(W, "norm", estimator=estimator, block=block)
    values = torch.tensor(np.array([norm.advance(W.view(norm.shape)) for _ in range(40)]))
    assert (values <= exact(W, "norm") * (1 + 1e-12)).all()
    assert (values.diff(dim=0) >= -1e-12).all()


def test_rayleigh_follows_moving_weights_more_closely_than_power():
    """W drifts as in training; both make one step per move."""
    generator = torch.Generator().manual_seed(75)
    W = weight(g=1, h=48)
    move = torch.randn(W.shape, generator=generator, dtype=W.dtype) * 3e-3 / 48**0.5
    for quantity in QUANTITIES:
        errors = {}
        for estimator in ("power", "rayleigh"):
            norm, V = normalizer(W, quantity, estimator=estimator), W.clone()
            last = []
            for _ in range(150):
                V = V + move
                q = exact(V, quantity)
                last.append(abs(norm.advance(V[None]).item() - q.item()) / q.item())
            errors[estimator] = max(last[50:])
        assert errors["rayleigh"] < min(errors["power"], 1e-3), quantity


def test_estimators_differ():
    W = weight(h=20)[None].view(3, 20, 20)
    for quantity in QUANTITIES:
        values = [
            SpectralNormalization(W.view(60, 20), 3, Normalize(quantity, 1.0, e, block=b)).advance(
                W
            )
            for e, b in itertools.product(ESTIMATORS, (1, 8))
            if (e, b) not in {("exact", 1)} and not (quantity == "norm" and b == 1)
        ]
        for a, b in itertools.combinations(values, 2):
            # Dense bases are fresh in the first step: two-sided Ritz values are exact.
            if quantity == "radius" and np.allclose(a, b, rtol=1e-9):
                continue
            assert not np.array_equal(a, b)


def test_evaluation_moves_nothing():
    model = SequenceClassifier("lstm", 2, 3, 6, init="torch")
    normalize_recurrent(model, Normalize("norm", 0.3, "power"))
    x = torch.ones(1, 4, 2)
    model.train()
    model(x)
    model.eval()
    before = {key: value.clone() for key, value in model.state_dict().items()}
    first, second = model(x), model(x)
    largest_radius(model)
    assert torch.equal(first, second)
    assert all(torch.equal(before[key], value) for key, value in model.state_dict().items())
    model.train()
    model(x)
    assert any(not torch.equal(before[key], value) for key, value in model.state_dict().items())


def test_looking_at_the_radius_keeps_the_mode():
    model = SequenceClassifier("rnn", 2, 3, 6)
    for training in (True, False):
        model.train(training)
        assert largest_radius(model) == pytest.approx(1, rel=1e-5)
        assert model.training is training
        assert model.recurrent.training is training


def module_of(cell, seed=76, h=9):
    torch.manual_seed(seed)
    kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
    module = kind(3, h, num_layers=2, bidirectional=True, batch_first=True)
    with torch.no_grad():
        for name, parameter in module.named_parameters():
            if "weight_hh" in name:
                parameter.normal_()
    return module


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("quantity", QUANTITIES)
@pytest.mark.parametrize("cell", CELLS)
def test_baked_weights_obey_the_bound_and_have_plain_names(cell, quantity, estimator, mode):
    module = module_of(cell)
    names = list(module.state_dict())
    normalize_recurrent(module, Normalize(quantity, 0.7, estimator, mode))
    assert set(module.state_dict()) != set(names)
    bake(module)
    assert set(module.state_dict()) == set(names)
    assert not any(parametrize.is_parametrized(m) for m in module.modules())
    plain = module_of(cell, seed=77)
    plain.load_state_dict(module.state_dict())
    values = []
    for name, W in rnnspec.recurrent_matrices(plain).items():
        values.append(
            rnnspec.spectral_radius(W) if quantity == "radius" else rnnspec.spectral_norm(W)
        )
        assert values[-1] <= 0.7 * (1 + 1e-6), name
    assert min(values) >= 0.7 * (1 - 1e-4) or mode == "clip"
    assert len(values) == 4 * n_gates(cell)


def test_shrinking_a_matrix_of_many_copies_of_one_eigenvalue():
    """Rounding moves the eigenvalues of a defective matrix by eps^(1/n), not by eps."""
    for n in (6, 20):
        J = (torch.eye(n) * 1.3 + torch.diag(torch.ones(n - 1), 1)).contiguous()
        shrink_to(J, Normalize("radius", bound=0.9))
        assert exact_values(J, "radius").item() <= 0.9 * (1 + 1e-6)


def test_baking_a_plain_module_changes_nothing():
    module = module_of("gru")
    before = {key: value.clone() for key, value in module.state_dict().items()}
    with pytest.warns(UserWarning, match="nothing to bake"):
        bake(module)
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert use_exact_values(module) is None


def test_the_error_of_the_estimate():
    model = SequenceClassifier("lstm", 2, 3, 12, init="torch")
    normalize_recurrent(model, Normalize("norm", estimator="exact"))
    assert use_exact_values(model) < 1e-5
    model = SequenceClassifier("lstm", 2, 3, 12)
    normalize_recurrent(model, Normalize("radius", estimator="rayleigh", block=1))
    assert use_exact_values(model) > 0.1


@pytest.mark.parametrize("h", [1, 4])
@pytest.mark.parametrize("block", [1, 8])
@pytest.mark.parametrize(
    ("quantity", "estimator", "mode"), list(itertools.product(QUANTITIES, ESTIMATORS, MODES))
)
def test_the_zero_matrix_stays(quantity, estimator, mode, block, h):
    W = torch.zeros(4 * h, h, requires_grad=True)
    norm = normalizer(W, quantity, estimator=estimator, mode=mode, block=block)
    out = norm(W)
    (gradient,) = torch.autograd.grad(out.sum(), W)
    assert torch.equal(out, W)
    assert torch.equal(gradient, torch.ones_like(W))


@pytest.mark.parametrize("value", [-2.0, 0.25, 3.0])
@pytest.mark.parametrize(
    ("quantity", "estimator", "mode"), list(itertools.product(QUANTITIES, ESTIMATORS, MODES))
)
def test_one_by_one(quantity, estimator, mode, value):
    W = torch.tensor([[value]], dtype=torch.float64)
    out = normalizer(W, quantity, estimator=estimator, mode=mode)(W).item()
    sign = -1 if value < 0 else 1
    assert out == pytest.approx(sign * (1 if mode == "scale" else min(1, abs(value))))


@pytest.mark.parametrize("size", [float("nan"), float("inf"), 1e38])
@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("quantity", QUANTITIES)
def test_overflow_is_not_hidden(quantity, estimator, size):
    W = torch.full((6, 6), 0.5)
    norm = normalizer(W, quantity, estimator=estimator)
    out = norm(torch.full((6, 6), size))
    assert not out.isfinite().all() or exact(out, quantity).item() <= 1 + 1e-3


@pytest.mark.parametrize("field", ["quantity", "bound", "mode", "block"])
def test_every_option_changes_the_result(field):
    base = {"quantity": "radius", "bound": 0.8, "mode": "clip", "block": 8, "estimator": "power"}
    other = {"quantity": "norm", "bound": 0.7, "mode": "scale", "block": 1}
    W = weight()
    first = normalizer(W, **base)(W)
    assert not torch.equal(first, normalizer(W, **base | {field: other[field]})(W))
    assert torch.equal(first, normalizer(W, **base)(W))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"quantity": "mean"}, "`quantity` must be one of radius, norm, got 'mean'"),
        ({"estimator": "qr"}, "`estimator` must be one of rayleigh, power, exact, got 'qr'"),
        ({"mode": "trim"}, "`mode` must be one of clip, scale, got 'trim'"),
        ({"bound": 0}, "`bound` must be a finite number > 0, got 0"),
        ({"bound": float("nan")}, "`bound` must be a finite number > 0, got nan"),
        ({"block": 0}, "`block` must be an integer of at least 1, got 0"),
    ],
)
def test_bad_options(options, message):
    with pytest.raises(ValueError, match=message):
        Normalize(**{"quantity": "norm"} | options)


def test_normalising_twice_is_refused():
    model = SequenceClassifier("rnn", 2, 3, 4)
    normalize_recurrent(model, Normalize("norm"))
    with pytest.raises(ValueError, match="`weight_hh_l0` is normalised already; `bake`"):
        normalize_recurrent(model, Normalize("radius"))


def test_gates_are_normalised_each_by_itself():
    model = SequenceClassifier("gru", 2, 3, 5)
    with torch.no_grad():
        for i, factor in enumerate((0.5, 1.5, 3.0)):
            model.recurrent.weight_hh_l0[5 * i : 5 * i + 5] *= factor
    normalize_recurrent(model, Normalize("norm"))
    model.eval()
    norms = [rnnspec.spectral_norm(W) for W in rnnspec.recurrent_matrices(model).values()]
    np.testing.assert_allclose(norms, [0.5, 1, 1], rtol=1e-5)
    assert len(norms) == len(GATES["gru"])


def test_cell_classes_are_refused():
    with pytest.raises(ValueError, match=r"must hold nn.RNN, nn.LSTM or nn.GRU, found none"):
        normalize_recurrent(nn.GRUCell(2, 3), Normalize("norm"))

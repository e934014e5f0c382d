from dataclasses import replace

import pytest
import torch

from rnnspec import Normalize, SequenceClassifier, train
from rnnspec.training import CurvaturePenalty
from rnnspec.training.curvature import finite_difference, hutchinson


@pytest.fixture
def quadratic():
    """Losses 1/2 x^T H x + b^T x of sequences (t, d), and H."""
    generator = torch.Generator().manual_seed(82)
    H = torch.randn(12, 12, generator=generator, dtype=torch.float64)
    H, b = H + H.T, torch.randn(12, generator=generator, dtype=torch.float64)

    def losses(x):
        flat = x.flatten(1)
        return 0.5 * torch.einsum("ni,ij,nj->n", flat, H, flat) + flat @ b

    return losses, H, b


def points(n):
    generator = torch.Generator().manual_seed(83)
    return torch.randn(n, 4, 3, generator=generator, dtype=torch.float64)


@pytest.mark.parametrize("step", [1e-3, 0.1, 5.0])
def test_on_a_quadratic_the_finite_difference_is_exact(quadratic, step):
    losses, H, b = quadratic
    x = points(5)
    sign = torch.sign(x.flatten(1) @ H + b)
    expected = (sign @ H).square().sum(1) / 12
    torch.testing.assert_close(finite_difference(losses, x, step), expected, rtol=1e-9, atol=0)


def test_on_a_quadratic_hutchinson_is_the_hessian_on_its_direction(quadratic):
    losses, H, _ = quadratic
    z = torch.randn(5, 4, 3, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    values = hutchinson(losses, points(5), torch.Generator().manual_seed(1))
    torch.testing.assert_close(values, (z.flatten(1) @ H).square().sum(1), rtol=1e-9, atol=0)


def test_one_is_at_most_the_spectral_norm_the_other_in_the_mean_the_frobenius_norm(quadratic):
    losses, H, _ = quadratic
    frobenius = H.square().sum()
    x = 1e3 * points(4000)  # so large that signs of gradients take all values
    mean = hutchinson(losses, x, torch.Generator().manual_seed(2))
    assert abs(mean.mean() - frobenius) < 4 * mean.std() / 4000**0.5
    difference = finite_difference(losses, x, 1.0)
    assert (difference <= torch.linalg.matrix_norm(H, 2) ** 2 * (1 + 1e-9)).all()
    assert difference.mean() < frobenius


def network(cell="gru", dtype=torch.float64, hidden=5, **options):
    return SequenceClassifier(cell, 2, 3, hidden, **options).to(dtype)


def sample_losses(model, lengths, labels):
    return lambda x: torch.nn.functional.cross_entropy(model(x, lengths), labels, reduction="none")


@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_of_a_network_they_agree_with_its_hessian(walks, cell, bidirectional):
    part = walks().train
    x = torch.from_numpy(part.inputs[:4]).double()
    lengths, labels = (torch.from_numpy(a[:4]) for a in (part.lengths, part.labels))
    model = network(cell, bidirectional=bidirectional)
    hutchinsons = hutchinson(
        sample_losses(model, lengths, labels), x, torch.Generator().manual_seed(3)
    )
    differences = finite_difference(sample_losses(model, lengths, labels), x, 1e-5)
    z = torch.randn(x.shape, generator=torch.Generator().manual_seed(3), dtype=x.dtype)
    for i in range(4):
        one = sample_losses(model, lengths[i : i + 1], labels[i : i + 1])

        def loss(flat, one=one):
            return one(flat.view(1, *x.shape[1:])).sum()

        flat = x[i].flatten()
        H = torch.autograd.functional.hessian(loss, flat)
        sign = torch.autograd.functional.jacobian(loss, flat).sign()
        assert sign[lengths[i] * 2 :].abs().sum() == 0  # padding
        torch.testing.assert_close(hutchinsons[i], (H @ z[i].flatten()).square().sum())
        expected = (H @ sign / sign.norm()).square().sum()
        torch.testing.assert_close(differences[i], expected, rtol=1e-3, atol=0)


@pytest.mark.parametrize("form", ["finite-difference", "hutchinson"])
def test_the_penalty_has_the_gradient_of_its_value(walks, form):
    part = walks().train
    x = torch.from_numpy(part.inputs[:6]).double()
    lengths, labels = (torch.from_numpy(a[:6]) for a in (part.lengths, part.labels))
    model, penalty = network("lstm"), CurvaturePenalty(3.0, form, shift=0.5)

    def value():
        return penalty(sample_losses(model, lengths, labels), x, torch.Generator().manual_seed(4))

    weight = model.recurrent.weight_hh_l0
    (gradient,) = torch.autograd.grad(value(), weight)
    direction = gradient / gradient.norm()
    weight.data += 1e-6 * direction
    above = value()
    weight.data -= 2e-6 * direction
    below = value()
    torch.testing.assert_close((above - below) / 2e-6, gradient.norm(), rtol=1e-4, atol=0)


def test_a_loss_that_is_flat_has_no_curvature():
    x = torch.zeros(3, 2, 1)
    flat = finite_difference(lambda x: (0 * x.square()).flatten(1).sum(1), x, 1.0)
    assert flat.tolist() == [0, 0, 0]


def weights_after(data, **options):
    model = SequenceClassifier("gru", data.n_features, data.n_classes, 6, seed=3)
    run = train(model, data, **{"epochs": 2, "batch_size": 45, "seed": 3} | options)
    return run.model.state_dict()


def equal(a, b):
    return all(torch.equal(a[key], b[key]) for key in a)


@pytest.mark.filterwarnings("ignore:the power estimate:rnnspec.ConvergenceWarning")
@pytest.mark.parametrize(
    "normalize", [None, *(Normalize(q, 0.5, "power", block=2) for q in ("radius", "norm"))]
)
def test_weight_zero_is_plain_training_and_one_too_small_to_tell_nearly(walks, normalize):
    data = walks()
    plain = weights_after(data, normalize=normalize)
    assert equal(plain, weights_after(data, normalize=normalize, curvature=CurvaturePenalty(0)))
    for form in ("finite-difference", "hutchinson"):
        # The forwards of the penalty must not advance the estimate of a normalised weight.
        tiny = weights_after(data, normalize=normalize, curvature=CurvaturePenalty(1e-30, form))
        assert equal(plain, tiny)
        penalised = weights_after(data, normalize=normalize, curvature=CurvaturePenalty(1.0, form))
        assert not equal(plain, penalised)


def test_every_field_changes_the_weights(walks):
    data, one = walks(), CurvaturePenalty(1.0)
    weights = [
        weights_after(data, curvature=curvature)
        for curvature in (
            one,
            replace(one, weight=2.0),
            replace(one, form="hutchinson"),
            replace(one, shift=0.1),
        )
    ]
    assert not any(equal(a, b) for i, a in enumerate(weights) for b in weights[:i])
    assert equal(weights[2], weights_after(data, curvature=replace(one, form="hutchinson")))


def test_each_update_has_its_own_random_vectors(walks):
    drawn = []

    class Watched(CurvaturePenalty):
        def __call__(self, losses, x, generator):
            drawn.append(torch.rand(1, generator=generator.clone_state()).item())
            return super().__call__(losses, x, generator)

    watched = weights_after(walks(), curvature=Watched(1.0, "hutchinson"))
    assert len(set(drawn)) == len(drawn) == 4
    assert equal(watched, weights_after(walks(), curvature=CurvaturePenalty(1.0, "hutchinson")))


@pytest.mark.parametrize("form", ["finite-difference", "hutchinson"])
def test_a_trained_network_is_less_curved(walks, form):
    data = walks()
    inputs, lengths, labels = map(
        torch.from_numpy, (data.test.inputs, data.test.lengths, data.test.labels)
    )
    curvatures = []
    for weight in (0, 30.0):
        model = SequenceClassifier("gru", 2, 3, 12)
        train(model, data, epochs=6, lr=0.02, curvature=CurvaturePenalty(weight, form, 0.3))
        losses = sample_losses(model, lengths, labels)
        z = torch.Generator().manual_seed(0)
        curvatures.append(hutchinson(losses, inputs, z).mean().item())
    assert curvatures[1] < 0.5 * curvatures[0]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"weight": -1.0}, "`weight` must be a finite number >= 0, got -1.0"),
        ({"weight": float("nan")}, "`weight` must be a finite number >= 0"),
        ({"form": "exact"}, "`form` must be one of finite-difference, hutchinson, got 'exact'"),
        ({"shift": 0.0}, "`shift` must be a finite number > 0, got 0.0"),
    ],
)
def test_bad_penalties(arguments, message):
    with pytest.raises(ValueError, match=message):
        CurvaturePenalty(**{"weight": 1.0} | arguments)

import pytest
import torch
from torch import nn

from rnnspec import SequenceClassifier, Threat, under_attack
from rnnspec.robustness import victim as victims
from rnnspec.robustness.decision import cross_entropy


class Wrapped(nn.Module):
    """Any module that maps inputs alone to outputs, of `walks`."""

    def __init__(self, outputs, classes=3):
        super().__init__()
        self.readout, self.outputs = nn.Linear(16, classes), outputs

    def forward(self, inputs):
        return self.outputs(self.readout(inputs.flatten(1)))


class Deep(nn.Module):
    """Two fused layers with dropout in between, and a part in evaluation mode of its own."""

    def __init__(self):
        super().__init__()
        self.recurrent = nn.LSTM(2, 8, num_layers=2, dropout=0.5, batch_first=True)
        self.norm, self.readout = nn.BatchNorm1d(8).eval(), nn.Linear(8, 3)
        self.readout.bias.requires_grad_(False)

    def forward(self, inputs):
        return self.readout(self.norm(self.recurrent(inputs)[0][:, -1]))


def condition(model):
    return (
        [part.training for part in model.modules()],
        [weight.requires_grad for weight in model.parameters()],
        [weight.grad for weight in model.parameters()],
        [value.clone() for value in model.state_dict().values()],
    )


def same(one, other):
    pairs = zip(one[3], other[3], strict=True)
    return one[:3] == other[:3] and all(torch.equal(a, b) for a, b in pairs)


@pytest.fixture
def noise():
    return lambda u: torch.randn(u.shape, generator=torch.Generator().manual_seed(5), dtype=u.dtype)


def test_the_model_is_found_as_it_was_left(walks, noise):
    model, data = Deep(), walks(7, full=True)
    before = condition(model)
    with under_attack(model, data) as victim:
        assert not any(part.training for part in model.modules())
        assert not any(weight.requires_grad for weight in model.parameters())
        assert not torch.backends.cudnn.enabled
        victim.gradient(noise(victim.zeros()), cross_entropy)
    assert torch.backends.cudnn.enabled
    assert same(before, condition(model))


def test_also_after_an_error_inside(walks):
    model = Deep()
    before = condition(model)
    with pytest.raises(KeyError), under_attack(model, walks(7, full=True)):
        raise KeyError
    with (
        pytest.raises(ValueError, match="shape"),
        under_attack(model, walks(7, full=True), masking_all()),
    ):
        pass
    assert same(before, condition(model))


def masking_all():
    return Threat(steps=torch.ones(5).numpy())


def test_dropout_inside_fused_layers_is_off(walks, noise):
    model = Deep()
    with under_attack(model, walks(7, full=True)) as victim:
        u = noise(victim.zeros())
        assert torch.equal(victim.logits(u), victim.logits(u))
        one, other = (victim.gradient(u, cross_entropy)[1] for _ in range(2))
        assert torch.equal(one, other)
    x = torch.zeros(7, 8, 2)
    assert not torch.equal(model(x), model(x))


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("units", ["std", "raw"])
def test_the_gradient_is_the_slope_of_the_loss(walks, noise, cell, units):
    model = SequenceClassifier(cell, 2, 3, hidden=5).double()
    with under_attack(model, walks(6), Threat(units=units)) as victim:
        u = noise(victim.zeros())
        losses, gradient, logits = victim.gradient(u, cross_entropy)
        torch.testing.assert_close(logits, victim.logits(u))
        torch.testing.assert_close(losses, cross_entropy(logits, victim.labels))
        step = 1e-5 * noise(u)
        up, down = (cross_entropy(victim.logits(u + s * step), victim.labels) for s in (1, -1))
        rise = (gradient * step).flatten(1).sum(1)
        torch.testing.assert_close((up - down) / 2, rise, rtol=1e-6, atol=1e-13)


def test_no_gradient_reaches_beyond_a_sequence(walks):
    data = walks(9)
    with under_attack(SequenceClassifier("gru", 2, 3, hidden=5), data) as victim:
        _, gradient, _ = victim.gradient(victim.zeros(), cross_entropy)
        assert not gradient[~torch.from_numpy(data.mask())].any()
        assert gradient[torch.from_numpy(data.mask())].all()


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
@pytest.mark.parametrize("options", [{}, {"layers": 2}, {"bidirectional": True}])
def test_the_initial_state_can_move(walks, noise, cell, options):
    model = SequenceClassifier(cell, 2, 3, hidden=4, **options)
    data = walks(5)
    x, lengths = torch.from_numpy(data.inputs), torch.from_numpy(data.lengths)
    with under_attack(model, data, Threat("state")) as victim:
        u = noise(victim.zeros())
        assert u.shape == (5, *model.state_shape)
        torch.testing.assert_close(victim.logits(victim.zeros()), model(x, lengths))
        torch.testing.assert_close(victim.logits(u), model(x, lengths, u))
        assert not torch.equal(victim.logits(u), victim.logits(victim.zeros()))
        _, gradient, _ = victim.gradient(u, cross_entropy)
        assert gradient.flatten(1).any(1).all()
        assert victim.perturb(u) is victim.inputs


def test_units_scale_the_perturbation(walks, noise):
    data = walks(5)
    with under_attack(SequenceClassifier("rnn", 2, 3), data, Threat(units="raw")) as victim:
        u = noise(victim.zeros())
        raw = victim.perturb(u).numpy() * data.std + data.mean
        original = data.inputs * data.std + data.mean
        assert raw == pytest.approx(original + u.numpy(), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("target", ["input", "state"])
def test_a_part_of_a_victim_is_the_victim_of_a_part(walks, noise, target):
    model, rows = SequenceClassifier("lstm", 2, 3, hidden=4).double(), torch.tensor([4, 1, 1])
    with under_attack(model, walks(6), Threat(target)) as victim:
        u, part = noise(victim.zeros()), victim[rows]
        assert (len(victim), len(part)) == (6, 3)
        torch.testing.assert_close(part.logits(u[rows]), victim.logits(u)[rows])
        assert torch.equal(part.is_fooled(u[rows]), victim.is_fooled(u)[rows])
        assert part.zeros().shape == u[rows].shape


def test_fooled_are_those_whose_class_is_not_the_label(walks, linear):
    data = walks(40)
    with under_attack(linear(), data) as victim:
        wrong = victim.is_fooled(victim.zeros())
        assert torch.equal(wrong, linear().radii(data, "l2") == 0)
        assert 0 < wrong.sum() < 40


@pytest.mark.parametrize("target", ["input", "state"])
def test_logits_that_are_known_are_not_asked_for_again(walks, target, monkeypatch):
    data, model = walks(9), SequenceClassifier("gru", 2, 3, hidden=4)
    monkeypatch.setitem(victims.BATCH, "cpu", 4)
    with under_attack(model, data, Threat(target=target)) as victim:
        known, wrong = victim.with_clean_logits(), victim.is_fooled(victim.zeros())
        torch.testing.assert_close(known.clean_logits(), victim.logits(victim.zeros()))
    monkeypatch.setattr(model, "forward", None)
    assert torch.equal(known.wrong(), wrong)
    rows = torch.tensor([7, 2])
    assert torch.equal(known[rows].clean_logits(), known.clean_logits()[rows])
    with pytest.raises(TypeError):
        victim.wrong()


def test_inputs_take_the_precision_of_the_model(walks, linear):
    with under_attack(linear(), walks(3, full=True)) as victim:
        assert victim.zeros().dtype == victim.logits(victim.zeros()).dtype == torch.float64
    with under_attack(Wrapped(torch.Tensor.float), walks(3, full=True)) as victim:
        assert victim.zeros().dtype == torch.float32


def refusal(model, data, threat=None):
    with pytest.raises(ValueError, match=".") as error, under_attack(model, data, threat):
        pass
    return str(error.value)


@pytest.mark.parametrize(
    ("outputs", "error"),
    [
        (lambda y: y.softmax(1), "`model` must return logits, its outputs are probabilities"),
        (lambda y: y[:, :1], "must tell at least two classes apart, its logits have 1"),
        (lambda y: y[:, :2], "`data` has the label 2, the model only 2 classes"),
        (lambda y: y[:, None], r"must map 9 sequences to (9, k) logits, got (9, 1, 3)"),
        (lambda y: y[:4], r"must map 9 sequences to (9, k) logits, got (4, 3)"),
        (lambda y: (y, None), r"must map 9 sequences to (9, k) logits, got tuple"),
    ],
)
def test_models_that_are_no_classifiers_are_refused(walks, outputs, error):
    assert error in refusal(Wrapped(outputs), walks(9))


def test_no_sequence_is_refused(walks):
    error = refusal(Wrapped(torch.Tensor.float), walks(9).subset([]))
    assert error == "`data` must hold at least one sequence, got none"


def test_a_state_that_the_model_does_not_take_is_refused(walks):
    error = refusal(Wrapped(torch.Tensor.float), walks(9), Threat("state"))
    assert error.startswith("`target` must be 'input' for this model")


@pytest.mark.parametrize(
    "outputs", [torch.Tensor.detach, lambda y: y.detach() * torch.ones(3, requires_grad=True)]
)
def test_logits_without_a_gradient_are_refused(walks, outputs):
    with under_attack(Wrapped(outputs), walks(4, full=True)) as victim:
        with pytest.raises(ValueError, match="`model` must be differentiable in what is attacked"):
            victim.gradient(victim.zeros(), cross_entropy)

import pickle

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

import rnnspec
from rnnspec import Normalize, SequenceClassifier, bake, normalize_recurrent
from rnnspec.training.baking import make_permanent

NAME = "weight_hh_l0"
OLD = "ignore:`torch.nn.utils.(weight|spectral)_norm`:FutureWarning"


def pruned(module):
    prune.l1_unstructured(module, NAME, 0.5)


def pruned_twice(module):
    prune.l1_unstructured(module, NAME, 0.3)
    prune.random_unstructured(module, NAME, 0.3)


def pruned_in_its_direction(module):
    nn.utils.weight_norm(module, NAME)
    prune.l1_unstructured(module, f"{NAME}_v", 0.5)


def orthogonal_and_normalised(module):
    parametrizations.orthogonal(module, NAME)
    normalize_recurrent(module, Normalize("norm", bound=0.5))


WRAPS = {
    "prune": pruned,
    "prune twice": pruned_twice,
    "weight_norm": lambda m: nn.utils.weight_norm(m, NAME),
    "pruned direction": pruned_in_its_direction,
    "spectral_norm": lambda m: nn.utils.spectral_norm(m, NAME),
    "new weight_norm": lambda m: parametrizations.weight_norm(m, NAME),
    "new spectral_norm": lambda m: parametrizations.spectral_norm(m, NAME),
    "orthogonal": lambda m: parametrizations.orthogonal(m, NAME),
    "two": orthogonal_and_normalised,
    "biases": lambda m: prune.l1_unstructured(m, "bias_ih_l0", 2),
}


def wrapped(name, wrap=nn.RNN):
    torch.manual_seed(1)
    module = wrap(3, 4, batch_first=True)
    with torch.no_grad():
        getattr(module, NAME).mul_(3)
    WRAPS[name](module)
    for _ in range(20):  # the power method of spectral_norm settles
        module(torch.zeros(1, 1, 3))
    return module


@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("name", WRAPS)
def test_the_baked_module_is_plain_and_does_what_it_did(name):
    module = wrapped(name).eval()
    x = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(3))
    before, matrix = module(x)[0], rnnspec.recurrent_matrices(module)["layer0"]
    assert bake(module)
    assert set(module.state_dict()) == set(nn.RNN(3, 4).state_dict())
    torch.testing.assert_close(module(x)[0], before, rtol=0, atol=1e-6)
    plain = nn.RNN(3, 4, batch_first=True)
    plain.load_state_dict(module.state_dict())
    torch.testing.assert_close(plain(x)[0], module(x)[0], rtol=0, atol=0)
    np.testing.assert_allclose(rnnspec.recurrent_matrices(module)["layer0"], matrix, atol=1e-6)
    with torch.no_grad():  # nothing of the wrapping comes back when the weights move
        for parameter in module.parameters():
            parameter.mul_(1.5)
    plain.load_state_dict(module.state_dict())
    torch.testing.assert_close(plain(x)[0], module(x)[0], rtol=0, atol=0)


@pytest.mark.filterwarnings(OLD)
@pytest.mark.parametrize("name", WRAPS)
def test_weights_are_read_as_they_act_after_loading_and_after_a_step(name):
    trained, net = wrapped(name), wrapped(name)
    with torch.no_grad():
        for parameter in trained.parameters():
            parameter.mul_(1.5)
    net.load_state_dict(trained.state_dict())
    stored = {key: value.clone() for key, value in net.state_dict().items()}
    W = rnnspec.recurrent_matrices(net)["layer0"]
    J = rnnspec.state_jacobians(net, np.zeros((1, 1, 3)))[0, 0]
    monitored = rnnspec.SpectralMonitor(net)(1)["layer0.spectral_norm"]
    net.eval()
    net(torch.zeros(1, 1, 3))  # renews what acts
    acting = getattr(net, NAME).detach().double().numpy()
    np.testing.assert_array_equal(W, acting)
    assert monitored == rnnspec.spectral_norm(acting)
    bias = (net.bias_ih_l0 + net.bias_hh_l0).detach().double().numpy()
    np.testing.assert_allclose(J, (1 - np.tanh(bias) ** 2)[:, None] * acting, atol=1e-14)
    for key, value in stored.items():  # to look moved nothing
        assert torch.equal(value, net.state_dict()[key]), key


def test_bake_says_what_it_did():
    model = SequenceClassifier("lstm", 2, 3, 4, layers=2)
    normalize_recurrent(model, Normalize("radius", bound=0.5))
    prune.l1_unstructured(model.recurrent, "weight_ih_l1", 3)
    assert bake(model) == (
        "recurrent.weight_ih_l1 from L1Unstructured",
        "recurrent.weight_hh_l0 from SpectralNormalization",
        "recurrent.weight_hh_l1 from SpectralNormalization",
    )


def test_nothing_to_bake_is_said():
    with pytest.warns(UserWarning, match="nothing to bake in GRU"):
        assert bake(nn.GRU(2, 3)) == ()
    with pytest.warns(UserWarning, match="nothing to bake in Linear"):
        bake(nn.Linear(2, 3))
    assert make_permanent(nn.GRU(2, 3)) == ()


def test_the_bound_holds_on_top_of_another_parametrisation():
    module = wrapped("two")
    assert bake(module) == (f"{NAME} from _Orthogonal, SpectralNormalization",)
    assert rnnspec.spectral_norm(rnnspec.recurrent_matrices(module)["layer0"]) <= 0.5 * (1 + 1e-6)


@pytest.mark.parametrize("cell", [nn.RNNCell, nn.LSTMCell, nn.GRUCell])
def test_cells_are_baked(cell):
    module = cell(2, 3)
    prune.l1_unstructured(module, "weight_hh", 0.5)
    (said,) = bake(module)
    assert said == "weight_hh from L1Unstructured"
    assert set(module.state_dict()) == {"weight_ih", "weight_hh", "bias_ih", "bias_hh"}


class WeightDrop(nn.Module):
    """Dropout of the recurrent weights, as language models use it."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.LSTM(2, 3, batch_first=True)
        raw = self.rnn.weight_hh_l0
        del self.rnn.weight_hh_l0
        self.rnn.register_parameter("weight_hh_l0_raw", nn.Parameter(raw.detach().clone()))
        self.rnn.weight_hh_l0 = raw.detach().clone()

    def forward(self, x):
        dropped = nn.functional.dropout(self.rnn.weight_hh_l0_raw, 0.5, self.training)
        self.rnn.weight_hh_l0 = dropped
        return self.rnn(x)[0][:, -1]


def test_dropped_weights_act_whole_at_rest_and_are_left_by_bake():
    model = WeightDrop()
    model(torch.zeros(1, 2, 2))  # in training mode half of them are 0
    assert (model.rnn.weight_hh_l0 == 0).any()
    W = np.vstack(list(rnnspec.recurrent_matrices(model).values()))
    np.testing.assert_array_equal(W, model.rnn.weight_hh_l0_raw.detach().double().numpy())
    with pytest.warns(
        UserWarning, match=r"left as they are: rnn\.weight_hh_l0, which a module around"
    ):
        assert bake(model) == ()
    model.eval()
    assert rnnspec.state_jacobians(model, np.zeros((1, 2, 2))).shape == (1, 2, 6, 6)


def test_a_weight_under_a_hook_is_not_normalised():
    module = wrapped("prune")
    with pytest.raises(ValueError, match="must be a parameter to be normalised, but a hook"):
        normalize_recurrent(module, Normalize("norm"))


def test_training_settles_a_normalisation_that_is_not_the_first():
    from rnnspec.training.exact import use_exact_values

    module = wrapped("two")
    assert use_exact_values(module) < 1e-5
    module.eval()
    assert torch.linalg.matrix_norm(getattr(module, NAME), 2) <= 0.5 * (1 + 1e-6)


def test_a_baked_module_pickles():
    gru = nn.GRU(2, 3)
    nn.utils.parametrizations.weight_norm(gru, "weight_hh_l0")
    bake(gru)
    again = pickle.loads(pickle.dumps(gru))
    assert torch.equal(again.weight_hh_l0, gru.weight_hh_l0)

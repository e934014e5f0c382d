"""Reparametrised weights put together from a state dict, against what acts in PyTorch."""

import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, prune

from rnnspec import Normalize, load_matrices, normalize_recurrent, recurrent_matrices
from rnnspec.models.assembly import assemble
from rnnspec.models.remarks import LeftOutWarning

H = 4
OLD = {
    "weight_norm": nn.utils.weight_norm,
    "weight_norm of columns": lambda m, n: nn.utils.weight_norm(m, n, dim=1),
    "weight_norm of all": lambda m, n: nn.utils.weight_norm(m, n, dim=None),
    "spectral_norm": nn.utils.spectral_norm,
    "prune": lambda m, n: prune.l1_unstructured(m, n, 0.5),
    "new weight_norm": parametrizations.weight_norm,
    "new weight_norm of columns": lambda m, n: parametrizations.weight_norm(m, n, dim=1),
    "new spectral_norm": parametrizations.spectral_norm,
}


def pruned_direction(module, name):
    nn.utils.weight_norm(module, name)
    prune.l1_unstructured(module, f"{name}_v", 0.5)


WRAPS = OLD | {"pruned weight_norm": pruned_direction}


def acting(module, name):
    """The weight that a forward pass in evaluation uses: its hooks run first."""
    module.eval()
    with warnings.catch_warnings(action="ignore"):
        module(torch.zeros(1, 1, 3))
    return getattr(module, name).detach().numpy()


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("cell", [nn.RNN, nn.LSTM])
@pytest.mark.parametrize("wrap", WRAPS)
def test_what_acts_is_put_together(wrap, cell):
    torch.manual_seed(len(wrap))
    module = cell(3, H, num_layers=2)
    for name in ("weight_hh_l0", "weight_ih_l1"):
        WRAPS[wrap](module, name)
    with warnings.catch_warnings(action="ignore"):
        module(torch.zeros(2, 1, 3))  # power iterations of training
    module.weight_ih_l0.data.mul_(2)
    whole, refused = assemble(module.state_dict())
    assert not refused
    assert whole.keys() == cell(3, H, num_layers=2).state_dict().keys()
    for name in ("weight_hh_l0", "weight_ih_l1"):
        np.testing.assert_allclose(whole[name], acting(module, name), rtol=1e-5, atol=1e-7)
    W = recurrent_matrices(module.state_dict())
    stack = np.vstack([A for name, A in W.items() if name.startswith("layer0")])
    np.testing.assert_allclose(stack, acting(module, "weight_hh_l0"), rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("prefix", ["", "rnn.", "module.encoder."])
def test_weight_dropout_keeps_the_weight_that_acts_as_raw(prefix):
    state = {prefix + key: W for key, W in nn.LSTM(3, H).state_dict().items()}
    expected = recurrent_matrices(state)
    state[f"{prefix}weight_hh_l0_raw"] = state.pop(f"{prefix}weight_hh_l0")
    for name, W in recurrent_matrices(state).items():
        assert np.array_equal(W, expected[name])


def test_a_wrapper_that_drops_weights_has_a_stale_copy_inside():
    inner = nn.LSTM(3, H).state_dict()
    state = {f"module.{key}": W for key, W in inner.items()}
    state["weight_hh_l0_raw"] = 2 * inner["weight_hh_l0"]
    found = recurrent_matrices(state)
    assert len(found) == 4
    assert np.array_equal(found["layer0.input"], 2 * inner["weight_hh_l0"][:H].double().numpy())


def named(put, name="weight_hh_l1"):
    module = nn.LSTM(3, H, num_layers=2) if put is not parametrizations.orthogonal else None
    module = module or nn.RNN(3, H, num_layers=2)
    put(module, name)
    return module.state_dict()


def half_of_a_norm():
    state = nn.LSTM(3, H, num_layers=2).state_dict()
    state["weight_hh_l1_g"] = state.pop("weight_hh_l1")[:, :1]
    return state


@pytest.mark.parametrize(
    ("state", "message"),
    [
        (named(parametrizations.orthogonal), "computed from .*orthogonal.*rnnspec.bake"),
        (
            {"parametrizations.weight_hh_l1.original": torch.eye(H)},
            "its rule is not in the file.*remove_parametrizations",
        ),
        (half_of_a_norm(), "weight_hh_l1_g` is no weight of PyTorch's, nor all the pieces"),
        (
            {"weight_hh_l1_orig": torch.eye(H), "weight_hh_l1_mask": torch.ones(2, 3)},
            "shapes of the pieces .* do not fit",
        ),
    ],
)
def test_what_cannot_be_put_together_is_named_and_stops_nothing(tmp_path, state, message):
    good = nn.LSTM(3, H).state_dict()
    both = {**state, "weight_hh_l0": good["weight_hh_l0"]}
    both = {key: W for key, W in both.items() if "weight_ih" not in key and "bias" not in key}
    torch.save(both, tmp_path / "a.pt")
    for read in (recurrent_matrices, load_matrices):
        with pytest.warns(LeftOutWarning, match=message):
            found = read(both if read is recurrent_matrices else tmp_path / "a.pt")
        assert {name.split(".")[0] for name in found} == {"layer0"}
    alone = {key: W for key, W in both.items() if "l1" in key}
    with pytest.raises(ValueError, match=message):
        recurrent_matrices(alone)


def test_our_own_normalisation_is_named_with_the_way_out():
    module = nn.RNN(3, H)
    normalize_recurrent(module, Normalize("norm", bound=0.5))
    with pytest.raises(ValueError, match=r"before its normalisation.*`rnnspec\.bake\(model\)`"):
        recurrent_matrices(module.state_dict())

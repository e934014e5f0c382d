"""Parts of unknown classes, and with hooks, fed a sequence and compared with PyTorch's formula."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.functional import dropout
from torch.nn.utils import parametrize

from rnnspec import fixed_points, recurrent_matrices, state_jacobians

D, H, N, T = 3, 5, 4, 6


def sequences(scale=1.0):
    return scale * torch.randn(N, T, D, generator=torch.Generator().manual_seed(5))


class Bounded(nn.GRUCell):
    """Keeps its state within bounds."""

    def forward(self, x, h=None):
        return super().forward(x, h).clamp(-0.9, 0.9)


class BoundedLayer(nn.GRU):
    """Keeps the state of a fused layer within bounds, step by step."""

    def forward(self, x, h=None):
        outputs = []
        for now in x.unbind(1):
            _, h = super().forward(now[:, None], h)
            h = h.clamp(-0.9, 0.9)
            outputs.append(h[-1])
        return torch.stack(outputs, dim=1), h


class Skipping(nn.GRUCell):
    """Keeps its state at every fifth step."""

    calls = 0

    def forward(self, x, h=None):
        self.calls += 1
        return h if self.calls % 5 == 0 else super().forward(x, h)


class Shifted(nn.RNNCell):
    """Adds a little to its state."""

    def forward(self, x, h=None):
        return super().forward(x, h) + 0.01


def hooked(part, hook):
    part.register_forward_pre_hook(hook)
    return part


def doubled(_, args):
    return 2 * args[0], *args[1:]


def halved(_, args):
    return args[0], args[1] if args[1] is None else args[1] / 2


@pytest.mark.parametrize(
    ("part", "around"),
    [
        (Bounded(D, H), lambda part: part),
        (BoundedLayer(D, H, batch_first=True), lambda part: part),
        (BoundedLayer(D, H, batch_first=True), nn.Sequential),
    ],
)
def test_a_bound_that_acts_on_the_data_is_found(part, around):
    with pytest.raises(ValueError, match=r"differs .*by up to 0\.\d+ \("):
        state_jacobians(around(part), sequences(10))
    plain = nn.GRUCell(D, H) if isinstance(part, nn.GRUCell) else nn.GRU(D, H, batch_first=True)
    plain.load_state_dict(part.state_dict())
    expected = state_jacobians(plain, sequences(0.1))  # which no bound touches
    np.testing.assert_array_equal(state_jacobians(around(part), sequences(0.1)), expected)


def test_what_changes_late_is_found_and_the_part_left_as_it_was():
    part = Skipping(D, H)
    with pytest.raises(ValueError, match="at step 4 of `inputs`"):
        state_jacobians(part, sequences())
    assert part.calls == 0
    assert "calls" not in vars(part)


@pytest.mark.parametrize(
    "make",
    [
        lambda: hooked(nn.GRU(D, H, batch_first=True), doubled),
        lambda: hooked(nn.GRUCell(D, H), doubled),
        lambda: hooked(nn.GRUCell(D, H), halved),
        lambda: hooked(nn.RNNCell(D, H), halved),
    ],
)
def test_a_hook_on_the_way_in_is_part_of_the_map(make):
    with pytest.raises(ValueError, match=r"differs .* of a random sequence .*or a hook\?"):
        state_jacobians(make(), sequences())
    with pytest.raises(ValueError, match=r"or a hook\?"):
        fixed_points(make(), np.zeros((1, H)))


def test_a_hook_inside_a_module_changes_what_is_read_alone():
    part = hooked(nn.GRU(D, H, batch_first=True), doubled)
    found = state_jacobians(nn.Sequential(part), sequences())
    part._forward_pre_hooks.clear()
    np.testing.assert_array_equal(found, state_jacobians(part, sequences(2.0)))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_low_precision_hides_no_other_formula(dtype):
    with pytest.raises(ValueError, match=r"differs from that by up to 0\.0[12]"):
        state_jacobians(Shifted(D, H).to(dtype), sequences())
    plain = hooked(nn.RNNCell(D, H).to(dtype), lambda *_: None)
    assert state_jacobians(plain, sequences()).shape == (N, T, H, H)


class Dropped(nn.Module):
    """Drops entries of a weight, in evaluation mode too or not."""

    def __init__(self, always):
        super().__init__()
        self.always = always

    def forward(self, weight):
        return dropout(weight, training=self.always or self.training)


def test_weights_drawn_anew_each_time_are_refused():
    gru = nn.GRU(D, H)
    parametrize.register_parametrization(gru, "weight_hh_l0", Dropped(always=True))
    for function in (recurrent_matrices, lambda m: state_jacobians(m, sequences())):
        with pytest.raises(ValueError, match="`weight_hh_l0` must be the same whenever"):
            function(gru)
    gru = nn.GRU(D, H)
    before = recurrent_matrices(gru)
    parametrize.register_parametrization(gru, "weight_hh_l0", Dropped(always=False))
    for name, W in recurrent_matrices(gru.train()).items():
        np.testing.assert_array_equal(W, before[name])

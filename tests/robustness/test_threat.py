import numpy as np
import pytest
import torch

from rnnspec import SequenceDataset, Threat
from rnnspec.robustness.threat import free_state

CPU = torch.device("cpu")


@pytest.fixture
def image():
    """Two bounded channels of different spread, three steps, the last one padded in sequence 1."""
    values = np.array([[[0, 4], [1, 8], [0.5, 6]], [[0.25, 5], [1, 8], [0, 0]]])
    return SequenceDataset.from_raw(
        values, [3, 2], [0, 1], ("a", "b"), mean=[0.5, 6], std=[0.25, 2], lower=[0, 4], upper=[1, 8]
    )


def box(data, **threat):
    budget = Threat(**threat).budget(data, torch.float64, CPU)
    return budget.lower.numpy(), budget.upper.numpy()


@pytest.mark.parametrize("units", ["std", "raw"])
def test_the_box_reaches_exactly_to_the_raw_bounds(image, units):
    threat = Threat(units=units)
    for edge, bound in zip(box(image, units=units), (image.lower, image.upper), strict=True):
        raw = (image.inputs + threat.scale(image) * edge) * image.std + image.mean
        expected = np.broadcast_to(bound, raw.shape)
        np.testing.assert_allclose(raw[image.mask()], expected[image.mask()], atol=1e-6)


def test_a_unit_is_a_standard_deviation_or_a_raw_unit(image):
    assert Threat().scale(image).tolist() == [1, 1]
    assert Threat(units="raw").scale(image).tolist() == [4, 0.5]


def test_series_without_bounds_have_an_open_box(walks):
    data = walks(6)
    lower, upper = box(data)
    assert (lower[data.mask()] == -np.inf).all()
    assert (upper[data.mask()] == np.inf).all()


def test_bounds_can_be_ignored(image):
    lower, upper = box(image, bounded=False)
    assert np.isinf(lower[image.mask()]).all()
    assert np.isinf(upper[image.mask()]).all()
    assert np.isfinite(box(image)[0]).all()


@pytest.mark.parametrize("bound", [0.05, -0.05, 0.1, 1 / 3])
def test_a_value_on_a_bound_that_float32_rounds_stays_inside(bound):
    values = np.full((1, 2, 1), bound)
    for low, high in ((bound, 9.0), (-9.0, bound)):
        data = SequenceDataset.from_raw(values, [2], [0], ("a",), lower=low, upper=high)
        lower, upper = box(data)
        assert (lower <= 0).all()
        assert (upper >= 0).all()
        assert np.abs(lower if low == bound else upper).max() < 1e-8


def test_padding_never_moves(walks):
    data = walks(9)
    everything = np.ones(data.n_steps, dtype=bool)
    for threat in (Threat(), Threat(steps=everything), Threat(steps=everything[None].repeat(9, 0))):
        budget = threat.budget(data, torch.float32, CPU)
        assert (budget.movable.numpy() == data.mask()[:, :, None]).all()


def test_masks_of_steps_and_channels_intersect(walks):
    data = walks(4)
    early = np.arange(8) < 2
    own = np.arange(8) == np.arange(4)[:, None] % 3
    first = np.array([True, False])
    for steps in (early, own):
        movable = Threat(steps=steps, channels=first).movable(data)
        expected = (data.mask() & steps)[:, :, None] & first
        assert (movable == expected).all()
        assert (Threat(steps=steps).movable(data).sum() == 2 * expected.sum()).all()


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"target": "weights"}, "`target` must be one of input, state, got 'weights'"),
        ({"norm": "l1"}, "`norm` must be one of linf, l2, got 'l1'"),
        ({"units": "sigma"}, "`units` must be one of std, raw, got 'sigma'"),
        ({"target": "state", "steps": np.ones(8)}, "neither time nor channels"),
        ({"target": "state", "channels": np.ones(2)}, "must be None for the target 'state'"),
    ],
)
def test_a_threat_that_makes_no_sense_is_refused(options, error):
    with pytest.raises(ValueError, match=error):
        Threat(**options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"steps": np.ones(7)}, r"`steps` must have shape \(8,\) or \(4, 8\), got \(7,\)"),
        ({"steps": np.ones((3, 8))}, r"`steps` must have shape .*, got \(3, 8\)"),
        ({"channels": np.ones(3)}, r"`channels` must have shape \(2,\), got \(3,\)"),
        ({"steps": np.zeros(8)}, "must leave something to move, they mask all"),
        ({"channels": np.zeros(2)}, "must leave something to move, they mask all"),
        ({"channels": [0, 1]}, r"`channels` must be a boolean mask, got \[0, 1\] .*arange\(2\)"),
        ({"channels": [1, 2]}, r"`channels` must be a boolean mask, got \[1, 2\]"),
        ({"channels": [0.5, np.nan]}, r"`channels` must be a boolean mask, got \[0.5, nan\]"),
        ({"channels": ["a", "b"]}, r"`channels` must be a boolean mask, got \['a', 'b'\]"),
        ({"steps": [7]}, r"`steps` must be a boolean mask, got \[7\] .*arange\(8\), places"),
    ],
)
def test_a_mask_that_does_not_fit_the_data_is_refused(walks, options, error):
    with pytest.raises(ValueError, match=error):
        Threat(**options).movable(walks(4))


def test_zeros_and_ones_that_are_no_places_are_a_mask(walks):
    data = walks(4)
    expected = Threat(steps=np.arange(8) == 7).movable(data)
    for steps in ([0] * 7 + [1], torch.tensor([0.0] * 7 + [1.0])):
        assert (Threat(steps=steps).movable(data) == expected).all()


def test_a_state_is_free():
    budget = free_state((3, 2, 1, 4), "l2", torch.zeros(1, dtype=torch.float64))
    assert budget.lower.shape == (3, 2, 1, 4)
    assert budget.lower.dtype == torch.float64
    assert budget.movable.all()
    u = torch.full((3, 2, 1, 4), 1e6, dtype=torch.float64)
    assert torch.equal(budget.project(u, 1e9), u)

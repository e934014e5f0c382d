"""The state space drawn: where the states are, and what the marks say of them."""

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import plots
from rnnspec.dynamics.linear_maps import FixedPoints
from rnnspec.dynamics.principal_axes import PrincipalAxes

AXES = {
    k: PrincipalAxes(np.ones(4), np.eye(4)[[2, 0, 3]][:k], np.array([0.5, 0.25, 0.125])[:k])
    for k in (1, 2, 3)
}
STATES = np.arange(20.0).reshape(5, 4)


def points(n_unstable=(0, 1, 3, 0, 4), slow_speeds=()):
    m, p = len(n_unstable), len(slow_speeds)
    return FixedPoints(
        states=STATES[:m], residuals=np.zeros(m), errors=np.zeros(m),
        converged=np.ones(m, bool), counts=np.ones(m, np.int64),
        jacobians=np.zeros((m, 4, 4)), eigenvalues=np.zeros((m, 4), complex),
        n_unstable=np.array(n_unstable, np.int64), slow_states=-STATES[:p],
        slow_speeds=np.array(slow_speeds), slow_counts=np.ones(p, np.int64), input=np.zeros(2),
    )  # fmt: skip


def drawn(ax, label, k):
    """Coordinates (k, m) of the line whose label starts so."""
    (line,) = [one for one in ax.lines if str(one.get_label()).startswith(label)]
    return np.array(line.get_data_3d() if k == 3 else line.get_data())


@pytest.mark.parametrize("k", [2, 3])
def test_points_lie_where_their_states_are_by_kind(k):
    ax = plots.state_space(AXES[k], points(slow_speeds=[1e-5, 0.25]))
    pick = [2, 0, 3][:k]
    for label, members in {"stable (2)": [0, 3], "saddle (2)": [1, 2], "unstable (1)": [4]}.items():
        np.testing.assert_array_equal(drawn(ax, label, k), STATES[members][:, pick].T - 1)
    np.testing.assert_array_equal(drawn(ax, "slow (2)", k), -STATES[:2][:, pick].T - 1)


def test_kinds_differ_in_colour_and_marker_and_slow_points_are_hollow():
    ax = plots.state_space(AXES[2], points(slow_speeds=[0.1]))
    assert len({line.get_marker() for line in ax.lines}) == 4
    assert len({line.get_color() for line in ax.lines}) == 4
    assert [line.get_fillstyle() for line in ax.lines] == ["full", "full", "full", "none"]


def test_the_legend_counts_points_and_says_how_fast_slow_ones_move():
    ax = plots.state_space(AXES[2], points((0, 0, 1), [1e-5, 0.25]), STATES[None])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        "trajectories", "stable (2)", "saddle (1)", "slow (2), speed 1·10⁻⁵ to 0.25",
    ]  # fmt: skip


def test_trajectories_are_projected_and_end_at_padded_steps():
    paths = np.stack([STATES, STATES + 1])
    paths[1, 3:] = np.nan
    ax = plots.state_space(AXES[2], trajectories=paths)
    first, second = (np.array(line.get_data()) for line in ax.lines)
    np.testing.assert_array_equal(first, STATES[:, [2, 0]].T - 1)
    np.testing.assert_array_equal(second[:, :3], STATES[:3, [2, 0]].T)
    assert np.isnan(second[:, 3:]).all()
    assert len(ax.get_legend().get_texts()) == 1


def test_axes_are_named_by_their_share():
    ax = plots.state_space(AXES[3], points())
    names = [ax.get_xlabel(), ax.get_ylabel(), ax.get_zlabel()]
    assert names == [f"principal axis {j} ({p} %)" for j, p in ((1, 50), (2, 25), (3, 12))]
    flat = plots.state_space(AXES[2], points())
    assert [flat.get_xlabel(), flat.get_ylabel()] == names[:2]
    assert flat.get_aspect() == 1


def test_no_points_are_drawn_as_none():
    ax = plots.state_space(AXES[2], points(()))
    assert len(ax.lines) == 0
    assert ax.get_legend() is None


@pytest.mark.parametrize("k", [2, 3])
def test_the_given_axes_are_used(k):
    figure = plt.figure()
    ax = figure.add_subplot(projection="3d" if k == 3 else None)
    assert plots.state_space(AXES[k], points(), ax=ax) is ax
    assert plt.get_fignums() == [figure.number]


@pytest.mark.parametrize("k", [2, 3])
def test_nothing_is_clipped(k):
    ax = plots.state_space(AXES[k], points(slow_speeds=[1e-5, 0.25]), STATES[None])
    ax.figure.canvas.draw()
    box, tight = ax.figure.bbox, ax.get_tightbbox()
    assert box.x0 <= tight.x0
    assert tight.x1 <= box.x1
    assert tight.y1 <= box.y1


def test_errors():
    with pytest.raises(ValueError, match="`projection` must have 2 axes or 3, got 1"):
        plots.state_space(AXES[1])
    with pytest.raises(ValueError, match="`ax` must be 3-D as `projection` is, got Axes$"):
        plots.state_space(AXES[3], ax=plt.subplots()[1])
    with pytest.raises(ValueError, match="`ax` must be 2-D as `projection` is, got Axes3D"):
        plots.state_space(AXES[2], ax=plt.figure().add_subplot(projection="3d"))
    with pytest.raises(ValueError, match=r"`trajectories` must be \(n, t, s\), got shape \(5, 4\)"):
        plots.state_space(AXES[2], trajectories=STATES)
    with pytest.raises(ValueError, match=r"`states` must have shape \(..., 4\), got \(1, 2, 3\)"):
        plots.state_space(AXES[2], trajectories=np.zeros((1, 2, 3)))

"""Motion drawn: lines and bands are the fields of the results."""

from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pytest

from rnnspec import SequenceClassifier, plots
from rnnspec.dynamics.bands import MEASURES, StabilityBands, stability_bands
from rnnspec.dynamics.finite_time_growth import finite_time_growth
from rnnspec.dynamics.gradients import GradientProfile, gradient_profile
from rnnspec.dynamics.growth import FiniteTimeGrowth
from rnnspec.dynamics.quantiles import LEVELS, step_quantiles
from rnnspec.plots.motion import DECADE

K = np.arange(4.0)


def growth(**changed):
    fields = {
        "step": 0, "epsilon": 1e-6, "linear": K * [[1.0], [2.0], [3.0]],
        "measured": 0.5 * K * [[1.0], [2.0], [3.0]], "product": 4 * K * [[1.0], [2.0], [3.0]],
        "bound": 5 * K, "reference": "W", "powers": -K, "kreiss_lower": 0.5, "kreiss_upper": 2.0,
    }  # fmt: skip
    return FiniteTimeGrowth(**{**fields, **changed})


def profile(log_norms, levels=LEVELS):
    log_norms = np.asarray(log_norms, float)
    quantiles = step_quantiles(log_norms, levels)
    return GradientProfile(log_norms, np.array(levels), quantiles, "reverse")


def bands(levels=LEVELS):
    rng = np.random.default_rng(5)
    values = {name: rng.uniform(0.1, 2, (3, 4)) for name in MEASURES}
    quantiles = {name: step_quantiles(each, levels) for name, each in values.items()}
    worst = dict(zip(MEASURES, [(7, 2), (0, 0), (7, 6), (3, 4)], strict=True))
    return StabilityBands(
        np.array([0, 3, 7]), np.array([0, 2, 4, 6]), values, np.array(levels), quantiles, worst, 9
    )


def drawn(ax):
    return {line.get_label(): line.get_ydata() for line in ax.lines}


def said(legend):
    return [text.get_text() for text in legend.get_texts()]


def has_edges(band, low, high):
    """Whether the polygon runs through the two curves."""
    y = band.get_paths()[0].vertices[:, 1]
    return all(np.abs(y - value).min() < 1e-12 for value in np.concatenate([low, high]))


def test_growth_is_medians_in_decades():
    found = growth()
    ax = plots.growth(found)
    lines = list(drawn(ax).values())
    expected = (2 * 4 * K, 2 * K, K, found.bound, found.powers)
    for line, each in zip(lines, expected, strict=False):
        np.testing.assert_allclose(line, each / DECADE)
    assert has_edges(ax.collections[1], K / DECADE, 3 * K / DECADE)
    labels = said(ax.get_legend())
    assert labels[:2] == ["∏ⱼ ‖Jₜ₊ⱼ‖, a bound of the next", "‖Jₜ₊ₖ ⋯ Jₜ₊₁‖, any small kick"]
    assert labels[3:5] == ["min(‖W‖ᵏ, ‖|W|ᵏ‖), a bound of any kick", "‖Wᵏ‖, no bound of these"]
    ends = sorted(segment[0, 1] for segment in ax.collections[-1].get_segments())
    np.testing.assert_allclose(ends, [0.5 / DECADE, 2 / DECADE])


def test_growth_without_a_bound_says_of_which_matrix_it_speaks():
    ax = plots.growth(growth(bound=None, reference="mean Jacobian", kreiss_upper=np.inf))
    labels = said(ax.get_legend())
    assert "‖J̄ᵏ‖, no bound of these" in labels
    assert not any("any kick" in label or "K and" in label for label in labels)


def test_what_is_infinite_is_not_drawn():
    found = growth(powers=np.array([0.0, 1.0, -np.inf, np.inf]), linear=np.full((3, 4), -np.inf))
    lines = drawn(plots.growth(found))
    powers = lines["‖Wᵏ‖, no bound of these"]
    np.testing.assert_allclose(powers, [0, 1 / DECADE, np.nan, np.nan])
    assert np.isnan(lines["‖Jₜ₊ₖ ⋯ Jₜ₊₁‖, any small kick"]).all()


def test_a_gradient_profile_is_its_quantiles():
    found = profile([[0.0, 1.0], [-3.0, np.nan], [-np.inf, np.nan]])
    ax = plots.gradient_profile(found)
    np.testing.assert_allclose(drawn(ax)["median"], [-3 / DECADE, 1 / DECADE])
    assert said(ax.get_legend()) == [
        "5 to 95 % of sequences", "25 to 75 % of sequences", "median"
    ]  # fmt: skip
    assert ax.get_xlabel() == "step t of the reverse state"


@pytest.mark.parametrize(
    ("levels", "labels"),
    [
        ((0.5,), ["median"]),
        ((0.1, 0.9), ["10 to 90 % of sequences"]),
        ((0.0, 0.4, 1.0), ["0 to 100 % of sequences", "40 % of sequences"]),
    ],
)
def test_the_legend_says_the_levels(levels, labels):
    ax = plots.gradient_profile(profile([[0.0, 1.0], [-3.0, 1.0]], levels))
    assert said(ax.get_legend()) == labels


def test_stability_bands_are_four_and_name_the_worst():
    found = bands()
    axes = plots.stability_bands(found)
    assert axes.shape == (4,)
    for ax, name in zip(axes, MEASURES, strict=True):
        lines = drawn(ax)
        np.testing.assert_array_equal(lines["median"], found.quantiles[name][2])
        row = lines["sequence 3, the nearest to instability"]
        np.testing.assert_array_equal(row, found.values[name][1])
        for band, (low, high) in zip(ax.collections, ((0, 4), (1, 3)), strict=True):
            assert has_edges(band, found.quantiles[name][low], found.quantiles[name][high])
        sequence, step = found.worst[name]
        assert [text.get_text() for text in ax.texts] == [str(sequence)]
        ring = next(line for line in ax.lines if line.get_marker() == "o")
        value = found.values[name][[0, 3, 7].index(sequence), [0, 2, 4, 6].index(step)]
        assert (ring.get_xdata()[0], ring.get_ydata()[0]) == (step, value)
    (legend,) = axes[0].figure.legends
    assert legend.get_title().get_text() == "3 of 9 sequences"


def test_axes_that_are_given_are_drawn_on():
    _, axes = plt.subplots(2, 3)
    assert plots.growth(growth(), ax=axes[0, 0]) is axes[0, 0]
    assert plots.gradient_profile(profile([[1.0, 2.0]]), ax=axes[0, 1]) is axes[0, 1]
    four = plots.stability_bands(bands(), axes.ravel()[2:])
    assert all(a is b for a, b in zip(four, axes.ravel()[2:], strict=True))
    with pytest.raises(ValueError, match="`axes` must hold 4 Axes, got 6"):
        plots.stability_bands(bands(), axes)


def test_nothing_is_computed(monkeypatch):
    model = SequenceClassifier("rnn", 1, 2, hidden=3)
    x = np.random.default_rng(0).standard_normal((3, 4, 1))
    results = (
        finite_time_growth(model, x, [4, 1, 2], step=1),
        gradient_profile(model, x, [0, 1, 0], [4, 1, 2]),
        stability_bands(model, x, [4, 1, 2]),
    )

    def refuse(*_, **__):
        raise AssertionError("a plot computed something")

    for name in ("svd", "eigvals", "eigh", "norm", "inv"):
        monkeypatch.setattr(np.linalg, name, refuse)
    for result, plot in zip(
        results, (plots.growth, plots.gradient_profile, plots.stability_bands), strict=True
    ):
        plot(result)
    assert plots.growth(replace(results[0], bound=None)).lines

import numpy as np
import pytest

from rnnspec import plots
from rnnspec.plots.monitor import LABELS
from rnnspec.spectra.engine.glance import QUANTITIES

HISTORY = [
    {"epoch": epoch}
    | {
        f"layer0.{gate}.{quantity}": value * epoch
        for gate in ("reset", "new")
        for value, quantity in enumerate(QUANTITIES)
    }
    for epoch in (2, 4, 6)
]


@pytest.mark.parametrize("quantity", QUANTITIES)
def test_a_line_per_matrix(quantity):
    ax = plots.monitor(HISTORY, quantity)
    lines = [line for line in ax.lines if len(line.get_xdata()) == 3]
    assert [line.get_label() for line in lines] == ["layer0.reset", "layer0.new"]
    for line in lines:
        assert list(line.get_xdata()) == [2, 4, 6]
        assert list(line.get_ydata()) == [k * QUANTITIES.index(quantity) for k in (2, 4, 6)]
    assert ax.get_ylabel() == LABELS[quantity]


def test_an_infinite_value_is_a_gap():
    first = {**HISTORY[0], "layer0.new.kreiss_lower": np.inf}
    line = plots.monitor([first, *HISTORY[1:]], "kreiss_lower").lines[1]
    assert list(np.isnan(line.get_ydata())) == [True, False, False]


def test_lines_of_one_colour_differ_in_dashes():
    row = {"epoch": 1} | {f"layer{k}.henrici": k for k in range(20)}
    lines = plots.monitor([row], "henrici").lines
    assert len({(line.get_color(), line.get_linestyle()) for line in lines}) == 20


def test_it_draws_into_given_axes():
    ax = plots.monitor(HISTORY)
    assert plots.monitor(HISTORY, "henrici", ax=ax) is ax


def test_what_cannot_be_drawn():
    with pytest.raises(ValueError, match="`history` must hold a row, got none"):
        plots.monitor([])
    with pytest.raises(ValueError, match="`quantity` must be one of spectral_radius"):
        plots.monitor(HISTORY, "radius")

"""Local minima of functions of one variable that have no derivative everywhere."""

from __future__ import annotations

from collections.abc import Callable
from math import frexp

from scipy.optimize import minimize_scalar


def descend(
    f: Callable[[float], float], s: float, width: float, xtol: float = 1e-7
) -> tuple[float, float]:
    """Local minimum of `f` near `s` (parameter and value), never above ``f(s)``.

    The parameter is right to about ``xtol * width``.

    Examples
    --------
    >>> s, value = descend(lambda s: 1 + (s - 2) ** 2, 0.0, width=0.5)
    >>> round(s, 6), value
    (2.0, 1.0)
    """
    value = f(s)
    for _ in range(20):
        # In powers of two, which change no digit: squares neither overflow nor vanish.
        unit, stretch = _power_of_two(value), _power_of_two(abs(s) + width)
        found = minimize_scalar(
            lambda x, unit=unit, stretch=stretch: f(stretch * x) / unit,
            bounds=((s - width) / stretch, (s + width) / stretch),
            method="bounded",
            options={"xatol": xtol * width / stretch},
        )
        x, lowest = stretch * float(found.x), unit * float(found.fun)
        if not lowest < value:
            break
        at_edge, halved = abs(x - s) > 0.9 * width, lowest < value / 2
        s, value = x, lowest
        if not at_edge and not halved:
            break
        width = 4 * width if at_edge else width / 4
    return s, value


def _power_of_two(x: float) -> float:
    """The one next to x, from below in absolute value."""
    return 2.0 ** (frexp(x)[1] - 1)

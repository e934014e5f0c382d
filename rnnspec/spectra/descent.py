"""Local minima of functions of one variable that have no derivative everywhere."""

from collections.abc import Callable

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
        found = minimize_scalar(
            f, bounds=(s - width, s + width), method="bounded", options={"xatol": xtol * width}
        )
        if not found.fun < value:
            break
        at_edge, halved = abs(found.x - s) > 0.9 * width, found.fun < value / 2
        s, value = float(found.x), float(found.fun)
        if not at_edge and not halved:
            break
        width = 4 * width if at_edge else width / 4
    return s, value

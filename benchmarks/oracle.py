"""Are the stability numbers those of brute force, which only samples their definitions?

Each oracle evaluates a definition on a grid, and zooms in on the best point found.  It is slow,
and it uses nothing of the package.
"""

import numpy as np


def smallest(A, z):
    """The smallest singular values of zI - A by the SVD, at each of the points `z`."""
    z = np.asarray(z, dtype=complex)
    flat, eye = z.ravel(), np.eye(len(A))
    at_once = max(1, 2**20 // len(A) ** 2)
    parts = [
        np.linalg.svd(flat[i : i + at_once, None, None] * eye - A, compute_uv=False)[:, -1]
        for i in range(0, flat.size, at_once)
    ]
    return np.concatenate(parts).reshape(z.shape)


def zoom(f, centre, width, rounds=30, points=9):
    """Minimum of a vectorised f of one variable near `centre`."""
    best = np.inf
    for _ in range(rounds):
        x = np.linspace(centre - width, centre + width, points)
        values = f(x)
        centre, best = x[values.argmin()], min(best, values.min())
        width /= 3
    return best, centre


def on_circle(f, points=720):
    """Minimum of f(angle) over the circle."""
    angles = np.linspace(0, 2 * np.pi, points, endpoint=False)
    values = f(angles)
    starts = np.argsort(values)[:4]
    return min(zoom(f, angles[i], 4 * np.pi / points)[0] for i in starts)


def distance(A):
    """The distance to instability in discrete time."""
    return on_circle(lambda s: smallest(A, np.exp(1j * s)))


def distance_continuous(A):
    """The distance to instability in continuous time."""
    norm = np.linalg.norm(A, 2)
    y = np.linspace(-norm, norm, 2001)
    i = smallest(A, 1j * y).argmin()
    return zoom(lambda s: smallest(A, 1j * s), y[i], 2 * (y[1] - y[0]))[0]


def numerical_radius(A):
    """The largest modulus in the numerical range, from its supporting lines."""

    def negated_support(angles):
        parts = [np.exp(-1j * s) * A for s in angles]
        return np.array([-np.linalg.eigvalsh((P + P.conj().T) / 2)[-1] for P in parts])

    return -on_circle(negated_support, points=240)


def outermost(A, epsilon, quantity):
    """Extreme |z| ("radius") or Re z ("abscissa") of the pseudospectrum, by bisection on rays.

    Only rays that may hold the extreme are bisected; on the others it is known to a place.  The
    pseudospectrum of a real matrix is its own mirror image, so that half the rays suffice.
    """
    end = np.linalg.norm(A, 2) + epsilon
    if quantity == "radius":
        s = np.linspace(0, 2 * np.pi, 360, endpoint=False)
        s = np.concatenate([s, np.angle(np.linalg.eigvals(A).astype(complex))])

        def point(t, s):
            return t * np.exp(1j * s)

    else:
        s = np.concatenate([np.linspace(-end, end, 361), np.linalg.eigvals(A).imag])

        def point(t, s):
            return t + 1j * s

    spacing = abs(s[1] - s[0])
    if np.isrealobj(A):
        s = s[s >= 0] if quantity == "abscissa" else s[(s >= 0) & (s <= np.pi)]
    places = np.linspace(0 if quantity == "radius" else -end, end, 120)

    def extent(s):
        inside = smallest(A, point(places[:, None], s[None, :])) <= epsilon
        last = np.where(inside.any(axis=0), len(places) - 1 - inside[::-1].argmax(axis=0), -1)
        low, high = places[np.maximum(last, 0)], places[np.minimum(last + 1, len(places) - 1)]
        for _ in range(50):
            (rays,) = np.nonzero((last >= 0) & (high >= low[last >= 0].max(initial=-np.inf)))
            middle = (low[rays] + high[rays]) / 2
            within = smallest(A, point(middle, s[rays])) <= epsilon
            low[rays[within]], high[rays[~within]] = middle[within], middle[~within]
        return np.where(last >= 0, low, -np.inf)

    values = extent(s)
    best = s[values.argmax()]
    return max(values.max(), -zoom(lambda x: -extent(x), best, spacing, rounds=14)[0])


def kreiss(A):
    """The largest ratio (|z| - 1) / sigma_min, on a grid of circles and then by zooming in."""
    gaps = np.geomspace(1e-4, 20, 90)
    angles = np.linspace(0, 2 * np.pi, 240, endpoint=False)
    z = (1 + gaps[:, None]) * np.exp(1j * angles)
    ratio = gaps[:, None] / smallest(A, z)
    best, (i, j) = ratio.max(), np.unravel_index(ratio.argmax(), ratio.shape)
    u, s, du, ds = np.log(gaps[i]), angles[j], np.log(gaps[1] / gaps[0]), angles[1]
    for _ in range(25):
        U, S = np.meshgrid(np.linspace(u - du, u + du, 7), np.linspace(s - ds, s + ds, 7))
        ratio = np.exp(U) / smallest(A, (1 + np.exp(U)) * np.exp(1j * S))
        k = ratio.argmax()
        u, s, du, ds = U.flat[k], S.flat[k], du / 2, ds / 2
        best = max(best, ratio.flat[k])
    return best


def peak(A, steps=1000):
    """The largest norm of the powers, by one SVD each."""
    power, best = np.eye(len(A)), 1.0
    for _ in range(steps):
        power = A @ power
        best = max(best, np.linalg.svd(power, compute_uv=False)[0])
    return best


def real_radius(A):
    """The real stability radius, from Qiu's mu of the resolvent by sampling gamma and angles."""
    n = len(A)
    gammas = np.geomspace(1e-4, 1, 60)

    def distance_at(angle):
        R = np.linalg.inv(np.exp(1j * angle) * np.eye(n) - A)

        def second(g):
            P = [np.block([[R.real, -x * R.imag], [R.imag / x, R.real]]) for x in g]
            return np.linalg.svd(np.array(P), compute_uv=False)[:, 1]

        values = second(gammas)
        i = values.argmin()
        mu = zoom(lambda u: second(np.minimum(np.exp(u), 1)), np.log(gammas[i]), 0.2, rounds=16)[0]
        return 1 / min(mu, values.min())

    def f(angles):
        return np.array([distance_at(s) for s in angles])

    angles = np.linspace(0, np.pi, 122)[1:-1]
    values = f(angles)
    i = values.argmin()
    inside = zoom(f, angles[i], 0.8 * np.pi / 122, rounds=10, points=7)[0]
    return min(inside, *smallest(A, np.array([1.0, -1.0])))


def stable_cases():
    """Random, trained-like and gallery matrices with spectral radius below 1, by name."""
    from rnnspec.spectra import gallery

    rng = np.random.default_rng(71203)
    cases = {}
    for n in (2, 5, 12):
        Q = gallery.random_orthogonal(n, seed=n)
        noisy = 0.9 * Q + 0.4 * rng.standard_normal((n, n)) / np.sqrt(n)
        cases[f"trained {n}"] = 0.95 * noisy / np.abs(np.linalg.eigvals(noisy)).max()
        G = gallery.ginibre(n, seed=n + 40)
        cases[f"ginibre {n}"] = 0.9 * G / np.abs(np.linalg.eigvals(G)).max()
    cases["grcar 16"] = gallery.grcar(16) / 2.5
    cases["jordan 6"] = gallery.jordan(6, 0.3)
    cases["delay line 5"] = gallery.delay_line(5, gain=1.5)
    return cases

"""Brute force: the same numbers from dense sampling alone, slow and independent of the package.

Each oracle evaluates the definition on a grid and zooms in on the best point found.
"""

import numpy as np


def smallest(A, z):
    """sigma_min(zI - A) by the SVD."""
    z = np.asarray(z, dtype=complex)
    flat = z.ravel()
    step = max(1, 2**20 // len(A) ** 2)
    parts = [
        np.linalg.svd(flat[i : i + step, None, None] * np.eye(len(A)) - A, compute_uv=False)[:, -1]
        for i in range(0, flat.size, step)
    ]
    return np.concatenate(parts).reshape(z.shape)


def zoomed(f, centre, width, rounds=30, points=9):
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
    return min(zoomed(f, angles[i], 4 * np.pi / points)[0] for i in starts)


def distance(A):
    return on_circle(lambda s: smallest(A, np.exp(1j * s)))


def distance_continuous(A):
    norm = np.linalg.norm(A, 2)
    y = np.linspace(-norm, norm, 2001)
    i = smallest(A, 1j * y).argmin()
    return zoomed(lambda s: smallest(A, 1j * s), y[i], 2 * (y[1] - y[0]))[0]


def numerical_radius(A):
    def lowered(angles):
        parts = [np.exp(-1j * s) * A for s in angles]
        return np.array([-np.linalg.eigvalsh((P + P.conj().T) / 2)[-1] for P in parts])

    return -on_circle(lowered, points=240)


def outermost(A, epsilon, direction):
    """Extreme |z| ("radius") or Re z ("abscissa") of the pseudospectrum, by bisection on rays."""
    end = np.linalg.norm(A, 2) + epsilon
    if direction == "radius":
        s = np.linspace(0, 2 * np.pi, 360, endpoint=False)
        s = np.concatenate([s, np.angle(np.linalg.eigvals(A).astype(complex))])

        def point(t, s):
            return t * np.exp(1j * s)

    else:
        s = np.concatenate([np.linspace(-end, end, 361), np.linalg.eigvals(A).imag])

        def point(t, s):
            return t + 1j * s

    steps = np.linspace(0 if direction == "radius" else -end, end, 120)

    def reach(s):
        inside = smallest(A, point(steps[:, None], s[None, :])) <= epsilon
        last = np.where(inside.any(axis=0), len(steps) - 1 - inside[::-1].argmax(axis=0), -1)
        low, high = steps[np.maximum(last, 0)], steps[np.minimum(last + 1, len(steps) - 1)]
        for _ in range(50):
            middle = (low + high) / 2
            within = smallest(A, point(middle, s)) <= epsilon
            low, high = np.where(within, middle, low), np.where(within, high, middle)
        return np.where(last >= 0, low, -np.inf)

    values = reach(s)
    best = s[values.argmax()]
    return max(values.max(), -zoomed(lambda x: -reach(x), best, abs(s[1] - s[0]), rounds=14)[0])


def kreiss(A):
    """Ratio (|z| - 1) / sigma_min on a grid of circles, then zoomed in both directions."""
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
    """Largest norm of the powers, one SVD each."""
    power, best = np.eye(len(A)), 1.0
    for _ in range(steps):
        power = A @ power
        best = max(best, np.linalg.svd(power, compute_uv=False)[0])
    return best


def real_radius(A):
    """Qiu's mu of the resolvent itself, by sampling gamma; the angles by sampling too."""
    n = len(A)
    gammas = np.geomspace(1e-4, 1, 60)

    def distance_at(angle):
        R = np.linalg.inv(np.exp(1j * angle) * np.eye(n) - A)

        def second(g):
            P = [np.block([[R.real, -x * R.imag], [R.imag / x, R.real]]) for x in g]
            return np.linalg.svd(np.array(P), compute_uv=False)[:, 1]

        values = second(gammas)
        i = values.argmin()
        mu = zoomed(lambda u: second(np.minimum(np.exp(u), 1)), np.log(gammas[i]), 0.2, rounds=16)[
            0
        ]
        return 1 / min(mu, values.min())

    def f(angles):
        return np.array([distance_at(s) for s in angles])

    angles = np.linspace(0, np.pi, 122)[1:-1]
    values = f(angles)
    i = values.argmin()
    inside = zoomed(f, angles[i], 0.8 * np.pi / 122, rounds=10, points=7)[0]
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

"""How much faster is one pseudospectrum than an SVD, or EigTool's iteration, point by point?

    python benchmarks/bench_spectra.py [--small] [--threads 1 2]

There are two baselines, which run in the same process and with the same number of threads as
ours: (a) LAPACK's singular values at each point; (b) EigTool's algorithm (complex Schur form once,
then inverse Lanczos point by point with two LAPACK triangular solves in each iteration, until two
values agree to 1e-5).  Both use conjugate symmetry, and are timed on a sample of the points where
all would take too long.  Our code is compiled once for each machine; this is timed by itself and
left out of the race.  A further row shows the package mpseudo, if it is installed.
"""  # noqa: D400

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib.metadata import version
from pathlib import Path
from time import perf_counter

import numpy as np
import scipy
from rich.console import Console
from rich.table import Table
from scipy.linalg import lapack, schur
from threadpoolctl import threadpool_info, threadpool_limits

import rnnspec
from rnnspec.spectra import gallery
from rnnspec.spectra.engine.continuation import sigma_min_many
from rnnspec.spectra.engine.dense import Resolvent
from rnnspec.spectra.pseudospectrum import pseudospectrum
from rnnspec.spectra.resolvent import sigma_min

BOX, SEED = (-1.3, 1.3, -1.3, 1.3), 2005
TARGETS = {32: 10, 64: 20, 128: 20, 256: 12, 512: 8}
RESULTS = Path(__file__).parent / "results"


def by_svd(A, z):
    """The smallest singular values of zI - A by LAPACK, at each of the points `z`."""
    return np.linalg.svd(z[:, None, None] * np.eye(len(A)) - A, compute_uv=False)[:, -1]


def by_eigtool(T, z, tol=1e-5, max_iterations=99):
    """The same by EigTool's algorithm, from the Schur form `T`."""
    rng = np.random.default_rng(0)
    start = rng.standard_normal(len(T)) + 1j * rng.standard_normal(len(T))
    start /= np.linalg.norm(start)
    return np.array([_eigtool_point(T, point, start, tol, max_iterations) for point in z])


def _eigtool_point(T, z, start, tol, max_iterations):
    R = np.asfortranarray(z * np.eye(len(T)) - T)
    q, previous, beta, old = start, 0, 0.0, 0.0
    H = np.zeros((max_iterations + 1, max_iterations + 1))
    for k in range(max_iterations):
        w = lapack.ztrtrs(R, lapack.ztrtrs(R, q, trans=2)[0], overwrite_b=1)[0].ravel()
        w -= beta * previous
        alpha = np.vdot(q, w).real
        w -= alpha * q
        beta = np.linalg.norm(w)
        previous, q = q, w / beta
        H[k, k] = alpha
        H[k, k + 1] = H[k + 1, k] = beta
        sigma = np.linalg.eigvalsh(H[: k + 1, : k + 1])[-1] ** -0.5
        if abs(old / sigma - 1) < tol:
            break
        old = sigma
    return sigma


def best_of_threads(function, z, threads):
    """Seconds of `function` at all z with BLAS threads, or with a pool that shares the points."""

    def run_in_pool():
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(function, np.array_split(z, threads)))

    with threadpool_limits(threads, user_api="blas"):
        times = [seconds(lambda: function(z))]
    if threads > 1:
        with threadpool_limits(1, user_api="blas"):
            times.append(seconds(run_in_pool))
    return min(times)


def seconds(function):
    """The seconds of one call of `function`."""
    begin = perf_counter()
    function()
    return perf_counter() - begin


def race(n, grid, threads, repeats):
    """The row of one size: ours and both baselines in turns, the shortest time of each."""
    A = gallery.ginibre(n, seed=SEED)
    x, y = np.linspace(*BOX[:2], grid), np.linspace(*BOX[2:], grid)[grid // 2 :]
    z = (x + 1j * y[:, None]).ravel()
    rng = np.random.default_rng(SEED)
    samples = {"svd": min(len(z), max(16, 20000000 // n**3)), "eigtool": min(len(z), 40000 // n)}
    times = {"ours": [], "svd": [], "eigtool": []}
    T = schur(A, output="complex")[0]
    pseudospectrum(A, box=BOX, grid=8)  # compiled by now
    for _ in range(repeats if n > 128 else 3 * repeats):  # short times, so more of them
        with threadpool_limits(threads, user_api="blas"):
            times["ours"].append(seconds(lambda: pseudospectrum(A, box=BOX, grid=grid)))
        part = rng.choice(z, samples["svd"], replace=False)
        took = best_of_threads(lambda p: by_svd(A, p), part, threads)
        times["svd"].append(took / len(part) * len(z))
        part = rng.choice(z, samples["eigtool"], replace=False)
        with threadpool_limits(threads, user_api="blas"):
            factor = seconds(lambda: schur(A, output="complex"))
        took = best_of_threads(lambda p: by_eigtool(T, p), part, threads)
        times["eigtool"].append(factor + took / len(part) * len(z))
    part = rng.choice(z, min(len(z), 200 if n < 512 else 40), replace=False)
    exact = np.concatenate([by_svd(A, p[None]) for p in part])
    errors = [np.abs(v / exact - 1).max() for v in (sigma_min(A, part), by_eigtool(T, part))]
    best = {name: min(values) for name, values in times.items()}
    return {
        "n": n,
        "threads": threads,
        "grid": grid,
        "seconds": best["ours"],
        "svd_seconds": best["svd"],
        "eigtool_seconds": best["eigtool"],
        "timed_points": {**samples, "ours": len(z)},
        "speedup": min(best["svd"], best["eigtool"]) / best["ours"],
        "target": TARGETS.get(n),
        "error": errors[0],
        "eigtool_error": errors[1],
        **rate(A, z, threads),
    }


def against_mpseudo(n, grid, repeats):
    """The row of mpseudo's whole grid beside ours, or the reason why there is none.

    mpseudo divides by the Frobenius norm, uses no symmetry, and starts a process of its own.
    """
    try:
        from mpseudo import pseudo
    except ImportError as error:
        return {"skipped": f"mpseudo cannot be imported: {error}"}
    A = gallery.ginibre(n, seed=SEED)
    times = {"seconds": [], "mpseudo_seconds": []}
    ours = pseudospectrum(A, box=BOX, grid=grid).sigma_min  # compiled by now
    with threadpool_limits(1, user_api="blas"):
        theirs = pseudo(A, bbox=BOX, ppd=grid)[0] * np.linalg.norm(A)
        for _ in range(repeats):
            times["seconds"].append(seconds(lambda: pseudospectrum(A, box=BOX, grid=grid)))
            times["mpseudo_seconds"].append(seconds(lambda: pseudo(A, bbox=BOX, ppd=grid)))
    best = {name: min(values) for name, values in times.items()}
    return {
        "n": n,
        "threads": 1,
        "grid": grid,
        **best,
        "speedup": best["mpseudo_seconds"] / best["seconds"],
        "difference": float(np.abs(ours / theirs - 1).max()),
        "version": version("mpseudo"),
    }


def rate(A, z, threads):
    """Lanczos iterations for each point, and the rate of the solves (2 n^2 flops each, real T)."""
    n, resolvent = len(A), Resolvent(A)
    with threadpool_limits(1, user_api="blas"):
        begin = perf_counter()
        steps = sigma_min_many(resolvent.engine, z / resolvent.scale, 1e-6, threads)[2]
        grid_seconds = perf_counter() - begin
    flops = 4 * n**2 * steps / grid_seconds
    return {"steps": steps / len(z), "gflops": flops / 1e9, "of_peak": flops / peak(threads)}


def peak(threads, size=1200):
    """Flops in a second of a large matrix product, which is as fast as the machine gets."""
    X = np.random.default_rng(0).standard_normal((size, size))
    with threadpool_limits(threads, user_api="blas"):
        return 2 * size**3 / min(seconds(lambda: X @ X) for _ in range(4))


def exponent(sizes, grid):
    """Slope of the logarithm of the time for a point over log(n), without the factorisation."""
    times = []
    for n in sizes:
        resolvent = Resolvent(gallery.ginibre(n, seed=SEED))
        x = np.linspace(-1.3, 1.3, grid)
        z = (x + 1j * np.linspace(0.02, 1.3, grid)[:, None]).ravel()
        grid_of_points = partial(resolvent.sigma_min, z, 1e-6)
        times.append(min(seconds(grid_of_points) for _ in range(2)))
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])


def adaptive(grid):
    """The share of points that an adaptive grid computes, and whether its level sets are right."""
    rows = []
    for name, A in (("ginibre", gallery.ginibre(64, seed=SEED)), ("grcar", gallery.grcar(64))):
        levels = [1e-3, 1e-2, 3e-2, 1e-1]
        full = pseudospectrum(A, levels=levels, grid=grid)
        part = pseudospectrum(A, levels=levels, grid=grid, adaptive=True)
        same = all(((full.sigma_min < e) == (part.sigma_min < e)).all() for e in levels)
        rows.append({"matrix": name, "fraction": part.points / grid**2, "same": bool(same)})
    return rows


def memory(n, grid):
    """Seconds, and the peak of resident MiB above the imports, in a process of its own."""
    script = (
        "import json, time; from pathlib import Path; from rnnspec.spectra import gallery;"
        "from rnnspec.spectra.pseudospectrum import pseudospectrum as p;"
        "peak = lambda: int(Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]);"
        f"p([[1.0]], grid=2); A = gallery.ginibre({n}, seed=1); before = peak();"
        f"t = time.perf_counter(); p(A, grid={grid}, box={BOX});"
        "print(json.dumps({'seconds': time.perf_counter() - t, 'mib': (peak() - before) / 1024}))"
    )
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True)
    return {"n": n, "grid": grid, **json.loads(found.stdout)}


def first_call():
    """Seconds of the first grid in a new process, with nothing compiled yet and from the cache."""
    script = (
        "import time, numpy as np; from rnnspec.spectra.pseudospectrum import pseudospectrum as p;"
        "t = time.perf_counter(); p(np.diag(np.arange(9.0)), grid=8);"
        "print(time.perf_counter() - t)"
    )
    with tempfile.TemporaryDirectory() as cache:
        environment = {**os.environ, "NUMBA_CACHE_DIR": cache}
        command = [sys.executable, "-c", script]
        times = [
            float(subprocess.run(command, capture_output=True, check=True, env=environment).stdout)
            for _ in range(2)
        ]
    return {"compile_seconds": times[0], "cached_seconds": times[1]}


def machine():
    """The machine and the versions that the record names."""
    blas = [lib["version"] for lib in threadpool_info() if lib["user_api"] == "blas"]
    return {
        "machine": platform.machine(),
        "cpu": _cpu(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": version("numba"),
        "blas": blas,
        "rnnspec": rnnspec.__version__,
    }


def _cpu():
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return f"{len(names)} x {names[0]}" if names else platform.processor()


def show(report, console):
    """Print the record as tables and sentences."""
    table = Table(title="100 x 100 grid, real matrix, seconds" if report["full"] else "small run")
    for column in ("n", "threads", "ours", "SVD", "EigTool", "speed-up", "target", "error"):
        table.add_column(column, justify="right")
    for column in ("EigTool error", "steps", "Gflop/s", "of peak"):
        table.add_column(column, justify="right")
    for row in report["race"]:
        table.add_row(
            str(row["n"]),
            str(row["threads"]),
            *(f"{row[key]:.3g}" for key in ("seconds", "svd_seconds", "eigtool_seconds")),
            f"{row['speedup']:.1f}",
            str(row["target"] or "-"),
            *(f"{row[key]:.1e}" for key in ("error", "eigtool_error")),
            f"{row['steps']:.1f}",
            f"{row['gflops']:.1f}",
            f"{row['of_peak']:.2f}",
        )
    console.print(table)
    console.print("Baselines timed on samples of the points, scaled up: see timed_points.")
    peer = report["mpseudo"]
    console.print(
        peer.get("skipped")
        or f"mpseudo, n = {peer['n']}, 1 thread: {peer['mpseudo_seconds']:.3g} s, ours"
        f" {peer['seconds']:.3g} s: {peer['speedup']:.0f} times; values differ by"
        f" {peer['difference']:.1e}"
    )
    call = report["first_call"]
    console.print(
        f"first call: {call['compile_seconds']:.1f} s with nothing compiled,"
        f" {call['cached_seconds']:.1f} s in a later process"
    )
    console.print(f"cost per point ~ n^{report['exponent']:.2f} (target <= 2.1)")
    for row in report["adaptive"]:
        same = "same level sets" if row["same"] else "DIFFERENT level sets"
        console.print(f"adaptive, {row['matrix']}: {row['fraction']:.3f} (<= 0.15), {same}")
    row = report["memory"]
    console.print(
        f"n = {row['n']}, {row['grid']} x {row['grid']}: {row['seconds']:.1f} s,"
        f" {row['mib']:.0f} MiB above import (<= 1536)"
    )


def main():
    """Run all parts, print them, and write the record unless the run is small."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--small", action="store_true", help="run for a few seconds only")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--out", type=Path, help="default: results/spectra.json, if not --small")
    options = parser.parse_args()
    small = options.small
    sizes, grid = ([16, 32], 20) if small else (list(TARGETS), 100)
    report = {
        "question": __doc__.splitlines()[0],
        "full": not small,
        **machine(),
        "race": [
            race(n, grid, threads, 1 if small else 3) for threads in options.threads for n in sizes
        ],
        "mpseudo": against_mpseudo(*((16, 10, 1) if small else (64, 100, 3))),
        "first_call": first_call(),
        "exponent": exponent([16, 32] if small else [64, 128, 256, 512, 1024], 8 if small else 40),
        "adaptive": adaptive(64 if small else 512),
        "memory": memory(*((64, 10) if small else (2000, 50))),
    }
    show(report, Console(width=110))
    out = options.out or (None if small else RESULTS / "spectra.json")
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()

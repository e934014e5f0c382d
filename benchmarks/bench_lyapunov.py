"""How fast is a whole Lyapunov spectrum, and are the exponents right?

Accuracy is measured on a linear network, whose exponents are known.  It is also measured on the
largest exponent of a driven scalar map and of a random network that is left to itself: there the
comparison is Benettin's estimate from two trajectories that are kept close, which needs no
Jacobian, with starts of its own, and the unit is the standard error of the difference.  The time is
compared with that of QR at each step of Jacobians in closed form, both in float64 on one thread:
processor seconds, the smallest of the repeats.
"""  # noqa: D400

import time
import warnings
from collections.abc import Callable
from typing import Any

import click
import numpy as np
import torch
from torch import Tensor, nn

from benchmarks.record import report
from rnnspec import ConvergenceWarning, gallery, lyapunov_spectrum
from rnnspec.models.cells import state_jacobian, step
from rnnspec.models.layers import recurrent_cells

SEED = 73021
MODULES = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}


@click.command()
@click.option("--small", is_flag=True, help="Take a few steps of small networks only.")
def main(small: bool) -> None:
    """Measure three accuracies, then race both ways for each cell."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", ConvergenceWarning)  # a small run has too few steps
    rows = [linear(8 if small else 64, 200 if small else 6000)]
    rows += [
        against_two_trajectories("scalar tanh map, driven", 1, 2.0, 1.0, 500 if small else 20000),
        against_two_trajectories(
            "random tanh network", 20 if small else 200, 1.5, 0.0, 200 if small else 5000
        ),
    ]
    hidden, steps = (8, 40) if small else (128, 1000)
    rows += [race(cell, hidden, steps, repeats=1 if small else 2) for cell in MODULES]
    report("lyapunov", (__doc__ or "").splitlines()[0], rows, small=small)


def linear(n: int, steps: int) -> dict[str, Any]:
    """A row for a linear network, far from normal, with moduli from 1.1 down to 0.1."""
    rng = np.random.default_rng(SEED)
    moduli = np.geomspace(1.1, 0.1, 3 * n // 4)
    blocks = np.diag(np.concatenate([np.repeat(moduli[: n // 4], 2), moduli[n // 4 :]]))
    for j, angle in enumerate(rng.uniform(0.1, 3, n // 4)):
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        blocks[2 * j : 2 * j + 2, 2 * j : 2 * j + 2] = moduli[j] * turn
    blocks += np.triu(rng.standard_normal((n, n)), 2) / np.sqrt(n)
    Q = gallery.random_orthogonal(n, seed=SEED)
    network = plain_rnn(Q @ blocks @ Q.T)
    found, seconds = time_call(lambda: lyapunov_spectrum(network, np.zeros((1, steps, 1))))
    expected = np.sort(np.log(np.abs(np.linalg.eigvals(blocks))))[::-1]
    return {
        "system": "linear, far from normal",
        "hidden": n,
        "steps": steps,
        "trajectories": 1,
        "exponent": float(found.exponents[0]),
        "other": float(expected[0]),
        "difference": float(np.abs(found.exponents - expected).max()),
        "unit": "1 (worst of all)",
        "allowed": 1e-6,
        "rounding": float(found.rounding.max()),
        "seconds": seconds,
    }


def against_two_trajectories(
    name: str, n: int, gain: float, drive: float, steps: int, trajectories: int = 16
) -> dict[str, Any]:
    """A row for the largest exponent of h' = tanh(W h + b x), x white noise, and for Benettin's."""
    rng = np.random.default_rng(SEED)
    W = gain * rng.standard_normal((n, n)) / np.sqrt(n) if n > 1 else np.array([[gain]])
    network = plain_rnn(W, drive)
    x = rng.standard_normal((2, trajectories, steps, 1))
    starts = rng.standard_normal((2, trajectories, n))
    warmup = steps // 5
    found, seconds = time_call(
        lambda: lyapunov_spectrum(network, x[0], k=1, starts=starts[0], warmup=warmup)
    )
    other, other_seconds = time_call(lambda: two_trajectories(W, drive, x[1], starts[1], warmup))
    spread = other.std(ddof=1) / np.sqrt(trajectories)
    return {
        "system": name,
        "hidden": n,
        "steps": steps,
        "trajectories": trajectories,
        "exponent": float(found.exponents[0]),
        "other": float(other.mean()),
        "difference": float(
            abs(found.exponents[0] - other.mean()) / np.hypot(found.standard_errors[0], spread)
        ),
        "unit": "standard error",
        "allowed": 2,
        "seconds": seconds,
        "other seconds": other_seconds,
    }


def two_trajectories(
    W: np.ndarray, drive: float, x: np.ndarray, h: np.ndarray, warmup: int, apart: float = 1e-7
) -> np.ndarray:
    """Mean logarithmic growth, in each trajectory, of a distance reset to `apart` at each step."""
    away = np.ones_like(h) / np.sqrt(h.shape[1])
    grown = np.zeros(len(h))
    for t in range(x.shape[1]):
        near = np.tanh((h + apart * away) @ W.T + drive * x[:, t])
        h = np.tanh(h @ W.T + drive * x[:, t])
        distance = np.linalg.norm(near - h, axis=1)
        away = (near - h) / distance[:, None]
        if t >= warmup:
            grown += np.log(distance / apart)
    return grown / (x.shape[1] - warmup)


def race(kind: str, hidden: int, steps: int, repeats: int, trajectories: int = 8) -> dict[str, Any]:
    """A row for the whole spectrum of a network driven by noise: ours, and QR at each step."""
    torch.manual_seed(SEED)
    network = MODULES[kind](3, hidden, batch_first=True).double()
    if kind == "rnn":
        network.weight_hh_l0.data = 1.5 * torch.randn(hidden, hidden).double() / hidden**0.5
    x = torch.randn(trajectories, steps, 3, dtype=torch.float64)
    warmup = steps // 10
    runs = [
        (
            time_call(lambda: lyapunov_spectrum(network, x, warmup=warmup)),
            time_call(lambda: qr_at_each_step(network, x, warmup)),
        )
        for _ in range(repeats)
    ]
    ((found, _), (other, _)) = runs[0]
    seconds, script = (min(run[j][1] for run in runs) for j in (0, 1))
    return {
        "system": f"{kind}, whole spectrum",
        "hidden": hidden,
        "steps": steps,
        "trajectories": trajectories,
        "exponent": float(found.exponents[0]),
        "other": float(other[0]),
        "difference": float(np.abs(found.exponents - other).max()),
        "unit": "1 (worst of all)",
        "rounding": float(found.rounding.max()),
        "seconds": seconds,
        "other seconds": script,
        "ratio": script / seconds,
        "bound": 2,
    }


def qr_at_each_step(network: nn.Module, x: Tensor, warmup: int) -> np.ndarray:
    """Exponents from QR at each step: the Jacobians of all trajectories, a batched QR, a step."""
    ((cell,),) = recurrent_cells(network)
    s, n = cell.state_size, len(x)
    state, grown = torch.zeros(n, s).double(), torch.zeros(n, s).double()
    drawn = np.random.default_rng(0).standard_normal((n, s, s))
    Q = torch.linalg.qr(torch.from_numpy(drawn))[0]
    for t in range(x.shape[1]):
        J = state_jacobian(cell, x[:, t], state)
        state = step(cell, x[:, t], state)
        Q, R = torch.linalg.qr(J @ Q)
        if t >= warmup:
            grown += R.diagonal(dim1=1, dim2=2).abs().log()
    mean: np.ndarray = (grown / (x.shape[1] - warmup)).mean(0).numpy()
    return np.sort(mean)[::-1]


def plain_rnn(W: np.ndarray, drive: float = 0.0) -> nn.RNN:
    """A tanh network h' = tanh(W h + `drive` x) in float64."""
    network = nn.RNN(1, len(W), bias=False, batch_first=True).double()
    network.weight_hh_l0.data = torch.from_numpy(np.ascontiguousarray(W))
    network.weight_ih_l0.data = torch.full((len(W), 1), drive, dtype=torch.float64)
    return network


def time_call(function: Callable[[], Any]) -> tuple[Any, float]:
    """The result of `function`, and its processor seconds."""
    begin = time.process_time()
    result = function()
    return result, time.process_time() - begin


if __name__ == "__main__":
    main()

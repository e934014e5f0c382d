"""Are the memories of a trained flip-flop found, and how much faster than by Adam on the speed?"""

import os
from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from time import perf_counter
from typing import Any

import click

THREADS, BITS, AT_LEAST = 1, 3, 10.0
RATE, STEPS = 0.2, 50  # probability of a pulse at a step, steps of a sequence
TOL, TOL_Q, TOL_DQ, MAX_ITERS, TOL_UNIQUE = 1e-10, 1e-12, 1e-20, 5000, 1e-3
LOOK = 100  # what Adam has found is recorded every 100 iterations
Row = dict[str, Any]
QUESTIONS = {
    "found": "Are the 8 memories of a trained flip-flop found, and is no point missing?",
    "time": "How long does a search from 1024 states take, over Adam on the speed?",
}


@dataclass(frozen=True)
class Scale:
    """The sizes in which the full benchmark and the small one differ."""

    cells: tuple[str, ...] = ("rnn", "gru", "lstm")
    hidden: int = 64
    updates: int = 800
    starts: int = 1024
    iterations: int = MAX_ITERS
    turns: int = 3


SMALL = Scale(("gru",), hidden=8, updates=5, starts=8, iterations=5, turns=1)


@click.command()
@click.option("--small", is_flag=True, help="Make a few updates and searches only.")
def main(small: bool) -> None:
    """Train each cell, find its points, and race the search against Adam on the GRU."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(THREADS)
    import torch

    from benchmarks.record import report

    torch.set_num_threads(THREADS)
    scale = SMALL if small else Scale()
    parts: dict[str, list[Row]] = {part: [] for part in QUESTIONS}
    for cell in scale.cells:
        network, readout, loss = train(cell, scale)
        starts = visited_states(network, scale.starts)
        row, found = found_row(network, readout, starts)
        who = {"cell": cell, "hidden": scale.hidden, "starts": scale.starts}
        parts["found"].append(who | {"loss": loss} | row)
        if cell == "gru":
            parts["time"] = [who | row for row in time_rows(network, starts, found, scale)]
    for part, rows in parts.items():
        for row in rows:
            row["threads"] = THREADS
        report(f"fixed_points_{part}", QUESTIONS[part], rows, small=small)


def train(cell: str, scale: Scale) -> tuple[Any, Any, float]:
    """Train a recurrent module and a linear readout to hold the bits; return them and the loss."""
    import torch
    from torch import nn

    from rnnspec.data.flip_flop import flip_flop

    torch.manual_seed(0)
    kind = {"rnn": nn.RNN, "gru": nn.GRU, "lstm": nn.LSTM}[cell]
    network = kind(BITS, scale.hidden, batch_first=True)
    readout = nn.Linear(scale.hidden, BITS)
    parameters = [*network.parameters(), *readout.parameters()]
    optimizer = torch.optim.Adam(parameters)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 5e-3, total_steps=scale.updates)
    for update in range(scale.updates):
        inputs, targets = map(torch.from_numpy, flip_flop(64, STEPS, BITS, RATE, seed=update))
        loss = nn.functional.mse_loss(readout(network(inputs)[0]), targets)
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(parameters, 1.0)
        optimizer.step()
        schedule.step()
    return network, readout, loss.item()


def visited_states(network: Any, n: int) -> Any:
    """States (n, s) that the network passes through on sequences that it was not trained on."""
    import numpy as np

    import rnnspec
    from rnnspec.data.flip_flop import flip_flop

    inputs, _ = flip_flop(2 * n // STEPS + 1, STEPS, BITS, RATE, seed=2**32 - 1)
    (states,) = rnnspec.state_trajectory(network, inputs).values()
    states = states.reshape(-1, states.shape[2])
    return states[np.random.default_rng(0).permutation(len(states))[:n]]


def found_row(network: Any, readout: Any, starts: Any) -> tuple[Row, Any]:
    """What the search finds.  The memories are the patterns of signs read out at stable points."""
    import torch

    import rnnspec

    found, seconds = time_call(lambda: rnnspec.fixed_points(network, starts))
    stable = found.states[found.n_unstable == 0]
    with torch.no_grad():
        bits = readout.double()(torch.from_numpy(stable[:, : network.hidden_size])).sign()
    memories = len(bits.unique(dim=0))
    largest = float(found.residuals.max(initial=0.0))
    row = {
        "points": len(found),
        "stable": len(stable),
        "memories": memories,
        "one_unstable": int((found.n_unstable == 1).sum()),
        "more_unstable": int((found.n_unstable > 1).sum()),
        "index_sum": found.index_sum,
        "largest_residual": largest,
        "all_converged": bool(found.converged.all()),
        "slow": len(found.slow_speeds),
        "seconds": seconds,
        "passed": memories == 2**BITS and largest <= TOL,
    }
    return row, found


def time_rows(network: Any, starts: Any, found: Any, scale: Scale) -> list[Row]:
    """Our search, the best of some turns, and Adam with two schedules in two precisions.

    ``seconds`` is the time until Adam's own rule ends it.  ``to_set`` is the time until it had
    found, below its tolerance, as many of our points as it ever did.
    """
    import rnnspec

    _, ours = time_call(lambda: rnnspec.fixed_points(network, starts), scale.turns)
    rows: list[Row] = [{"search": "fixed_points", "seconds": ours, "points": len(found)}]
    for schedule, dtype in product(("plateau from 1", "steps from 0.05"), ("float32", "float64")):
        history = adam(network, starts, schedule, dtype, scale.iterations)
        common = [int(among(found.states, at.points).sum()) for at in history]
        last = history[-1]
        theirs = unique(last.points)
        rows.append(
            {
                "search": f"Adam, {schedule}, {dtype}",
                "seconds": last.seconds,
                "to_set": history[common.index(max(common))].seconds if max(common) else None,
                "iterations": last.iteration,
                "below_tol_q": len(last.points) / len(starts),
                "points": len(theirs),
                "of_ours": common[-1],
                "not_ours": int((~among(theirs, found.states)).sum()),
                "largest_residual": last.residual,
                "ratio": last.seconds / ours,
                "bound_ratio": AT_LEAST,
                "passed": last.seconds / ours >= AT_LEAST,
            }
        )
    return rows


@dataclass(frozen=True, eq=False)
class Progress:
    """How far Adam has come: the states below the tolerance, and the largest speed among them."""

    iteration: int
    seconds: float
    points: Any
    residual: float


def adam(network: Any, starts: Any, schedule: str, dtype: str, iterations: int) -> list[Progress]:
    """The algorithm of FixedPointFinder: Adam on the mean of q = ||F(s) - s||^2 / 2.

    All starts go on until each has q < 1e-12 or has changed its q by less than 1e-20 times the
    rate, for at most 5000 iterations.  The rate falls from 1 by 5 % after 3 iterations without a
    gain, or, as in an earlier version, from 0.05 by 30 % every 500 iterations.
    """
    import copy

    import torch

    kind = getattr(torch, dtype)
    network = copy.deepcopy(network).to(kind).requires_grad_(False)
    s = torch.tensor(starts, dtype=kind)[None].requires_grad_()
    x = torch.zeros(len(starts), 1, network.input_size, dtype=kind)
    plateau = schedule == "plateau from 1"
    optimizer = torch.optim.Adam([s], lr=1.0 if plateau else 0.05)
    rates: Any = (
        torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.95, patience=2)
        if plateau
        else torch.optim.lr_scheduler.StepLR(optimizer, 500, 0.7)
    )
    before = torch.full((len(starts),), torch.nan, dtype=kind)
    history: list[Progress] = []
    spent, now = 0.0, perf_counter()
    for iteration in range(1, iterations + 1):
        optimizer.zero_grad()
        at = s.detach()[0].clone()
        q = (network(x, s)[1] - s)[0].square().sum(1) / 2
        mean = q.mean()
        mean.backward()
        q = q.detach()
        optimizer.step()
        rates.step(*([mean.detach()] if plateau else []))
        rate = optimizer.param_groups[0]["lr"]
        rest = q < TOL_Q
        done = bool((rest | ((q - before).abs() < TOL_DQ * rate)).all()) or iteration == iterations
        before = q
        if done or iteration % LOOK == 0:
            spent += perf_counter() - now  # recording is not timed
            speeds = (2 * q[rest].double()).sqrt().numpy()
            points = at[rest].double().numpy()
            history.append(Progress(iteration, spent, points, float(speeds.max(initial=0.0))))
            now = perf_counter()
        if done:
            break
    return history


def among(states: Any, others: Any) -> Any:
    """Which of `states` differ from one of `others` by less than 1e-3 in every entry."""
    import numpy as np

    return np.array(
        [bool((abs(others - state).max(axis=1) < TOL_UNIQUE).any()) for state in states], bool
    )


def unique(states: Any) -> Any:
    """One of each set of states that differ by less than 1e-3 in every entry."""
    import numpy as np

    kept: list[int] = []
    for i, state in enumerate(states):
        if not kept or (abs(states[kept] - state).max(axis=1) >= TOL_UNIQUE).all():
            kept.append(i)
    return states[np.array(kept, dtype=int)]


def time_call(function: Callable[[], Any], turns: int = 1) -> tuple[Any, float]:
    """The result of `function`, and the smallest number of seconds of some turns."""
    seconds = float("inf")
    for _ in range(turns):
        started = perf_counter()
        result = function()
        seconds = min(seconds, perf_counter() - started)
    return result, seconds


if __name__ == "__main__":
    main()

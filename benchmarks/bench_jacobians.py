"""How much faster than automatic differentiation are the closed Jacobians, and are they right?"""

import os
from collections.abc import Callable
from typing import Any

import click

THREADS = 1
BATCH, HIDDEN, INPUTS = 128, 64, 16
AT_LEAST = {"rnn": 10.0, "lstm": 5.0, "gru": 5.0}  # times vmap(jacrev)'s seconds
QUESTIONS = {
    "speed": "How long do the state Jacobians of a batch take, over vmap on torch's cell classes?",
    "accuracy": "How far are they from autograd at most, over the largest entry?",
}


@click.command()
@click.option("--small", is_flag=True, help="Race small cells once only.")
def main(small: bool) -> None:
    """Race all sides in turns, in one process on one thread; then compare with autograd."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(THREADS)
    import torch

    from benchmarks.record import report
    from rnnspec.models.gates import CELLS

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    speed = [
        row
        for cell in CELLS
        for dtype in (torch.float64, torch.float32)
        for row in race(cell, dtype, *((8, 8, 1) if small else (BATCH, HIDDEN, 7)))
    ]
    report("jacobians_speed", QUESTIONS["speed"], speed, small=small)
    worst = [
        accuracy(cell, layers, bidirectional)
        for cell in CELLS
        for layers in ((1,) if small else (1, 2, 3))
        for bidirectional in (False, True)
    ]
    report("jacobians_accuracy", QUESTIONS["accuracy"], worst, small=small)


def race(cell: str, dtype: Any, batch: int, hidden: int, turns: int) -> list[dict[str, Any]]:
    """The rows of one cell: ours and both forms of vmap in turns, the shortest time of each."""
    import torch
    from torch import nn

    from rnnspec.models.cells import state_jacobian
    from rnnspec.models.layers import recurrent_cells

    module = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[cell](INPUTS, hidden)
    module = module.to(dtype).requires_grad_(False)
    ((own,),) = recurrent_cells(module, dtype)
    x = torch.randn(batch, INPUTS, dtype=dtype)
    s = torch.randn(batch, own.state_size, dtype=dtype)

    def step(s: Any, x: Any) -> Any:
        if cell != "lstm":
            return module(x, s)
        return torch.cat(module(x, (s[:hidden], s[hidden:])))

    sides: dict[str, Callable[[], Any]] = {
        "closed form": lambda: state_jacobian(own, x, s),
        "vmap(jacrev)": lambda: torch.func.vmap(torch.func.jacrev(step))(s, x),
        "vmap(jacfwd)": lambda: torch.func.vmap(torch.func.jacfwd(step))(s, x),
    }
    seconds = {side: min(times) for side, times in in_turns(sides, turns).items()}
    J = sides["closed form"]()
    return [
        {
            "cell": cell,
            "dtype": str(dtype).removeprefix("torch."),
            "side": side,
            "ms": 1e3 * seconds[side],
            "over closed form": seconds[side] / seconds["closed form"],
            "at least": AT_LEAST[cell] if side == "vmap(jacrev)" else None,
            "difference": float((function() - J).abs().max() / J.abs().max()),
            "batch": batch,
            "hidden": hidden,
            "threads": THREADS,
        }
        for side, function in sides.items()
    ]


def in_turns(sides: dict[str, Callable[[], Any]], turns: int) -> dict[str, list[float]]:
    """Seconds of the calls of each side, in turns; the first call of each is left out."""
    from time import perf_counter

    times: dict[str, list[float]] = {side: [] for side in sides}
    for side in sides.values():
        side()
    for _ in range(turns):
        for name, side in sides.items():
            begin, calls = perf_counter(), 0
            while calls == 0 or perf_counter() - begin < 0.1:
                side()
                calls += 1
            times[name].append((perf_counter() - begin) / calls)
    return times


def accuracy(cell: str, layers: int, bidirectional: bool) -> dict[str, Any]:
    """The largest difference over the steps and directions of one network with large weights."""
    import numpy as np
    import torch
    from torch import nn

    from rnnspec import state_jacobians

    kind = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
    net = kind(5, 16, layers, batch_first=True, bidirectional=bidirectional).double()
    with torch.no_grad():
        for weight in net.parameters():
            weight.mul_(2)
    x = torch.randn(1, 12, 5, dtype=torch.float64)
    worst = 0.0
    for direction in ("forward", "reverse")[: 1 + bidirectional]:
        closed = state_jacobians(net, x, direction=direction)[0]
        for now, J in enumerate(by_autograd(net, x, direction)):
            worst = max(worst, float(np.abs(closed[now] - J).max() / np.abs(J).max()))
    return {
        "cell": cell,
        "layers": layers,
        "bidirectional": bidirectional,
        "worst difference": worst,
        "at most": 1e-10,
    }


def by_autograd(net: Any, x: Any, direction: str) -> list[Any]:
    """Jacobians of one direction's state map at each step; the states of the other are held."""
    import torch

    from rnnspec import state_trajectory
    from rnnspec.models.cells import step
    from rnnspec.models.layers import recurrent_cells

    ends = ("", ".reverse")
    cells, states = recurrent_cells(net), state_trajectory(net, x)
    side = int(direction == "reverse")

    def at(now: int, layer: int, which: int) -> torch.Tensor:
        own = states[f"layer{layer}{ends[which]}"]
        inside = 0 <= now < x.shape[1]
        return torch.from_numpy(own[:, now] if inside else 0 * own[:, 0])

    def advance(s: torch.Tensor) -> torch.Tensor:
        new, read = [], x[:, now]
        parts = s.chunk(len(cells[side]), dim=1)
        for layer, (cell, own) in enumerate(zip(cells[side], parts, strict=True)):
            new.append(step(cell, read, own))
            heard = [at(now, layer, which)[:, : cell.hidden] for which in range(len(cells))]
            heard[side] = new[-1][:, : cell.hidden]
            read = torch.cat(heard, dim=1)
        return torch.cat(new, dim=1)[0]

    found = []
    for now in range(x.shape[1]):
        before = now - 1 if side == 0 else now + 1
        s = torch.cat([at(before, layer, side) for layer in range(len(cells[side]))], dim=1)
        found.append(torch.autograd.functional.jacobian(advance, s)[:, 0].numpy())
    return found


if __name__ == "__main__":
    main()

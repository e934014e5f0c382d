"""What does it cost to verify that a module steps by its part's formula, over the analysis?"""

import os
from typing import Any

import click

THREADS = 1
BATCH, STEPS, HIDDEN, INPUTS = 128, 50, 64, 16
AT_MOST = 1.25  # times the seconds of the part alone
QUESTION = "How long do the state Jacobians of a module take, over those of its bare part?"


@click.command()
@click.option("--small", is_flag=True, help="Race small cells once only.")
def main(small: bool) -> None:
    """Race each module and its bare part in turns, on one thread, by processor time."""
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = str(THREADS)
    import torch

    from benchmarks.record import report
    from rnnspec.models.gates import CELLS

    torch.set_num_threads(THREADS)
    torch.manual_seed(0)
    sizes = (4, 5, 8, 1) if small else (BATCH, STEPS, HIDDEN, 9)
    rows = [race(cell, form, *sizes) for cell in CELLS for form in ("encoder", "loop")]
    report("verification", QUESTION, rows, small=small)


def race(cell: str, form: str, batch: int, steps: int, hidden: int, turns: int) -> dict[str, Any]:
    """The row of a fused layer behind an encoder, or of a loop over a cell, and of its part."""
    from statistics import median
    from time import process_time

    import torch

    from rnnspec import state_jacobians
    from rnnspec.models.reading import read_along

    model, part = modules(cell, form, hidden)
    x = torch.randn(batch, steps, INPUTS)
    read = model.encoder(x).detach() if form == "encoder" else x
    sides = {
        "module": lambda: state_jacobians(model, x),
        "part": lambda: state_jacobians(part, read),
        "read module": lambda: read_along(model, x),
        "read part": lambda: read_along(part, read),
    }
    same = bool((sides["module"]() == sides["part"]()).all())
    times: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(turns):
        for side, function in sides.items():
            begin = process_time()
            function()
            times[side].append(process_time() - begin)
    seconds = {side: median(values) for side, values in times.items()}
    alone = seconds["read module"] - seconds["read part"]
    return {
        "cell": cell,
        "form": form,
        "module ms": 1e3 * seconds["module"],
        "part ms": 1e3 * seconds["part"],
        "verification ms": 1e3 * alone,
        # The whole calls are not compared: the time to clear the pages of their results varies by
        # more than `alone`.
        "ratio": 1 + alone / seconds["part"],
        "at most": AT_MOST,
        "same": same,
        "batch": batch,
        "steps": steps,
        "hidden": hidden,
        "threads": THREADS,
    }


def modules(cell: str, form: str, hidden: int) -> tuple[Any, Any]:
    """A module as users write it, and its recurrent part."""
    from torch import nn

    fused = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}[cell]
    single = {"rnn": nn.RNNCell, "lstm": nn.LSTMCell, "gru": nn.GRUCell}[cell]

    class Encoded(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = nn.Sequential(nn.Linear(INPUTS, INPUTS), nn.ReLU())
            self.rnn = fused(INPUTS, hidden, batch_first=True)
            self.readout = nn.Linear(hidden, 4)

        def forward(self, x: Any) -> Any:
            return self.readout(self.rnn(self.encoder(x))[0][:, -1])

    class Loop(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.cell = single(INPUTS, hidden)
            self.readout = nn.Linear(hidden, 4)

        def forward(self, x: Any) -> Any:
            state = None
            for now in x.unbind(1):
                state = self.cell(now, state)
            return self.readout(state[0] if cell == "lstm" else state)

    if form == "encoder":
        encoded = Encoded()
        return encoded, encoded.rnn
    loop = Loop()
    return loop, loop.cell


if __name__ == "__main__":
    main()

"""How far are the estimates of radius and norm from the exact values while networks train?"""

import os
import warnings
from typing import Any

import click


@click.command()
@click.option("--small", is_flag=True, help="Run one short training only.")
def main(small: bool) -> None:
    """Compare the estimates with the exact values at every update after the first 50."""
    import torch

    from benchmarks.record import report

    torch.set_num_threads(1)
    plan = [
        ("digits", 64, 40, cell, quantity, estimator)
        for estimator in ("rayleigh", "power")
        for quantity in ("radius", "norm")
        for cell in ("rnn", "lstm", "gru")
    ]
    if os.environ.get("RNNSPEC_DATA_DIR"):
        plan += [
            (name, hidden, epochs, cell, quantity, "rayleigh")
            for name, hidden, epochs in (("japanese-vowels", 64, 40), ("mnist", 128, 1))
            for quantity in ("radius", "norm")
            for cell in ("rnn", "lstm", "gru")
        ]
    if small:
        plan = [("digits", 16, 2, "rnn", "radius", "rayleigh")]
    report("estimators", (__doc__ or "").strip(), [row(*job) for job in plan], small=small)


def row(
    dataset: str, hidden: int, epochs: int, cell: str, quantity: str, estimator: str
) -> dict[str, Any]:
    """Train once, and compare every estimate with the exact value that LAPACK computes."""
    import numpy as np

    import rnnspec
    from rnnspec.training.exact import exact_values
    from rnnspec.training.normalization import SpectralNormalization

    errors: list[list[float]] = []
    advance = SpectralNormalization.advance

    def advance_and_compare(self: SpectralNormalization, W: Any) -> Any:
        estimate = advance(self, W)
        exact = exact_values(W.view(self.shape), self.normalize.quantity).numpy()
        errors.append((abs(estimate - exact) / exact).tolist())
        return estimate

    data = rnnspec.load_dataset(dataset)
    model = rnnspec.SequenceClassifier(cell, data.n_features, data.n_classes, hidden=hidden)
    try:
        SpectralNormalization.advance = advance_and_compare  # type: ignore[method-assign]
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", rnnspec.ConvergenceWarning)
            rnnspec.train(
                model,
                data,
                epochs=epochs,
                normalize=rnnspec.Normalize(quantity, estimator=estimator),
            )
    finally:
        SpectralNormalization.advance = advance  # type: ignore[method-assign]
    after = np.array(errors)[50:]
    return {
        "data set": dataset,
        "cell": cell,
        "quantity": quantity,
        "estimator": estimator,
        "hidden": hidden,
        "steps": len(errors),
        "median": float(np.median(after)),
        "99 %": float(np.quantile(after, 0.99)),
        "worst": float(after.max()),
        "reached": "yes" if np.median(after) <= 1e-3 and after.max() <= 2e-2 else "NO",
    }


if __name__ == "__main__":
    main()

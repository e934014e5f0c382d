"""From a run directory back to the network and the data that it was trained on."""

from __future__ import annotations

import json
from pathlib import Path

from rnnspec.data.load import load_dataset
from rnnspec.data.sequences import DataSplits
from rnnspec.models.checkpoint import load_weights
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.training.rundir import read_config


def load_run(
    directory: str | Path, data_dir: str | Path | None = None, download: bool = True
) -> tuple[SequenceClassifier, DataSplits]:
    """The trained network of a run directory, and its data in the same parts.

    Parameters
    ----------
    directory : path
        What `rnnspec train` wrote, finished.
    data_dir : path, optional
    download : bool, default True
        Both as for `load_dataset`.

    Returns
    -------
    SequenceClassifier, DataSplits

    Raises
    ------
    ValueError
        If the directory is no run, an incomplete or damaged one, of a newer format, or of
        other data than is found now.
    """
    directory = Path(directory)
    config = read_config(directory)
    weights = load_weights(directory)
    path = directory / "config.json"
    try:
        record = json.loads(path.read_text())["data"]
        name, view, seed, sources = (record[key] for key in ("name", "view", "seed", "sources"))
    except (KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged (no entry {error} of the data)") from error
    data = load_dataset(name, view, data_dir, seed=seed, download=download)
    if dict(data.sources) != sources:
        changed = sorted(file for file in sources if data.sources.get(file) != sources[file])
        raise ValueError(
            f"{directory} was trained on other data than {name} is now"
            f" ({', '.join(changed)} differs; another --data-dir?)"
        )
    model = SequenceClassifier(
        config.cell,
        data.n_features,
        data.n_classes,
        hidden=config.hidden,
        layers=config.layers,
        bidirectional=config.bidirectional,
    )
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{directory}: model.safetensors does not fit config.json ({reason})"
        ) from error
    return model.eval(), data

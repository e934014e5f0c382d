"""Reading a run directory: its settings, the network, and the data that it was trained on."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

from rnnspec.data.load import load_dataset
from rnnspec.data.sequences import SequenceDataset
from rnnspec.data.splits import DataSplits
from rnnspec.models.classifier import SequenceClassifier
from rnnspec.models.files.reading import read_contents
from rnnspec.training.config import TrainingConfig
from rnnspec.training.settings import read_settings

FORMAT = 1  # of a run directory


def load_run(
    directory: str | Path, data_dir: str | Path | None = None, download: bool = True
) -> tuple[SequenceClassifier, DataSplits]:
    """The trained network of a run directory, and its data in the same parts.

    Parameters
    ----------
    directory : path
        The run directory of a finished training, from `rnnspec train` or `train_run`.
    data_dir : path, optional
        Folder to look for data files in, as for `load_dataset`.
    download : bool, default True
        Whether data that is not on this machine may be downloaded.

    Returns
    -------
    model : SequenceClassifier
        In evaluation mode.
    data : DataSplits

    Raises
    ------
    ValueError
        If the directory is no run, or if the run is incomplete, damaged or of a newer format; or if
        the data that is found now is not the data of the run.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from rnnspec.training import TrainingConfig, train_run
    >>> config = TrainingConfig("synthetic:sine", cell="rnn", hidden=16, epochs=1)
    >>> with TemporaryDirectory() as folder:
    ...     run = train_run(config, Path(folder) / "run")
    ...     model, data = load_run(Path(folder) / "run")
    >>> model.hidden, len(data.test)
    (16, 400)
    """
    directory = Path(directory)
    config = read_config(directory)
    weights = read_contents(directory).arrays
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
    model = build_network(config, data.train)
    try:
        model.load_state_dict(weights)
    except RuntimeError as error:
        reason = " ".join(str(error).split())[:120]
        raise ValueError(
            f"{directory}: model.safetensors does not fit config.json ({reason})"
        ) from error
    return model.eval(), data


def build_network(config: TrainingConfig, sequences: SequenceDataset) -> SequenceClassifier:
    """The network that `config` describes, for such `sequences`, with its initial weights."""
    return SequenceClassifier(
        config.cell,
        sequences.n_features,
        sequences.n_classes,
        hidden=config.hidden,
        layers=config.layers,
        bidirectional=config.bidirectional,
        init=config.init,
        seed=config.seed,
    )


def read_config(directory: Path) -> TrainingConfig:
    """The settings of the run in `directory`."""
    path = directory / "config.json"
    if not path.is_file():
        raise ValueError(f"{directory} must be a run directory with config.json, found none")
    record = read_record(path)
    known = {field.name for field in fields(TrainingConfig)}
    stored = {key: record[key] for key in known if key in record}
    return TrainingConfig(**read_settings(stored, f"{path} is damaged"))


def read_record(path: Path) -> dict[str, Any]:
    """The content of a ``config.json`` of a format that is known."""
    try:
        record: dict[str, Any] = json.loads(path.read_text())
        newer = record["format"] > FORMAT
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"{path} is damaged ({error}); delete it, and the run can be taken up again"
        ) from error
    if newer:
        raise ValueError(
            f"{path} has format {record['format']}, newer than this version's {FORMAT}:"
            " upgrade rnnspec"
        )
    return record

"""Data sets of series as three parts, from the TRAIN and the TEST file."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec.data.download import hashes_of
from rnnspec.data.preparation import channel_statistics, validation_split
from rnnspec.data.sequences import SequenceDataset, real_steps
from rnnspec.data.series import pad
from rnnspec.data.splits import DataSplits
from rnnspec.data.ts import read_ts
from rnnspec.data.tsv import read_tsv

READERS = {".ts": read_ts, ".tsv": read_tsv}


def split_series(name: str, view: str, seed: int, train_path: Path, test_path: Path) -> DataSplits:
    """The two halves of a data set of series, padded to one length.

    A fifth of the training half becomes the validation part.
    """
    read = READERS[train_path.suffix]
    first = read(train_path)
    second = read(test_path, first.class_names)
    d_train, d_test = first.series[0].shape[1], second.series[0].shape[1]
    if d_train != d_test:
        raise ValueError(
            f"{test_path}: expected {d_train} channels as in {train_path}, got {d_test}"
            " (halves of two data sets?)"
        )
    values, lengths = pad([*first.series, *second.series])
    labels = np.concatenate([first.labels, second.labels])
    stay, held = validation_split(first.labels, seed)
    mean, std = channel_statistics(values[stay], lengths[stay])
    _warn_of_constants(values[stay], lengths[stay], train_path)
    data = SequenceDataset.from_raw(values, lengths, labels, first.class_names, mean=mean, std=std)
    indices = (stay, held, np.arange(len(first.labels), len(labels)))
    train, validation, test = (data.subset(some) for some in indices)
    sources = hashes_of((train_path, test_path))
    return DataSplits(name, view, seed, train, validation, test, None, sources)


def _warn_of_constants(values: NDArray[np.float64], lengths: NDArray[np.int64], path: Path) -> None:
    steps = values[real_steps(lengths, values.shape[1])]
    if (steps == steps[0]).all():
        warnings.warn(
            f"{path}: every value of a channel is the same ({steps[0, 0]:.17g} in channel 0), so"
            " that only the lengths tell series apart (did the digits get lost beside a large"
            " offset when the file was written?)",
            UserWarning,
            stacklevel=4,
        )

"""From a name to three parts ready to train on."""

from __future__ import annotations

import hashlib
import warnings
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rnnspec._checks import one_of, seed_number
from rnnspec.data.archive import find_archived, find_own
from rnnspec.data.download import sha256_of
from rnnspec.data.image_sets import IMAGE_SETS
from rnnspec.data.images import as_sequences, image_files, read_images
from rnnspec.data.preparation import (
    Indices,
    channel_statistics,
    hold_out,
    three_ways,
    validation_split,
)
from rnnspec.data.registry import ALIASES, DIGITS, ENTRIES, SERIES_VIEWS
from rnnspec.data.sequences import SequenceDataset, real_steps
from rnnspec.data.series import pad
from rnnspec.data.splits import DataSplits
from rnnspec.data.synthetic import TASKS
from rnnspec.data.ts import read_ts
from rnnspec.data.tsv import read_tsv

READERS = {".ts": read_ts, ".tsv": read_tsv}


def load_dataset(
    name: str = "digits",
    view: str | None = None,
    data_dir: str | Path | None = None,
    seed: int = 0,
    download: bool = True,
) -> DataSplits:
    """Training, validation and test sequences of a named data set.

    Series files are channels by time; here a sequence is time by channels, (t, d), as recurrent
    networks read it.  NaN at the end of a series is padding, and the series ends before it.  Other
    missing values are refused, because how to fill a gap is a decision about your data.  Values
    are standardised in float64, whatever their offset and unit, and classes are named as the file
    writes them.

    Parameters
    ----------
    name : str
        ``digits``, ``mnist``, ``fashion-mnist``, ``japanese-vowels``,
        ``ucr:NAME``, ``ts:PATH``, ``tsv:PATH``, ``synthetic:temporal-order``,
        ``synthetic:adding`` or ``synthetic:sine``.
    view : str, optional
        How an image is read: ``rows`` (default), ``cols`` (digits only),
        ``pixels`` or ``permuted``.  Other data has the one view ``series``.
    data_dir : path, optional
        Folder to look in before the network; default ``$RNNSPEC_DATA_DIR``.
    seed : int
        Seed of the split, the permutation and generated data; training has its own.
    download : bool
        Whether the network may be used; ``RNNSPEC_OFFLINE=1`` forbids it too.

    Returns
    -------
    DataSplits
        All parts padded to one length and standardised by the training part.
        Without an official split: 70 / 10 / 20, each class in proportion.
        With one, validation is cut from the training half: 5000 images, or 20 %
        of the series (none if a class has fewer than five).

    Raises
    ------
    ValueError
        For an unknown name or view, and for files that cannot be read: with
        file and line, what was expected, what came, and the likely cause.
    DatasetUnavailable
        A `ValueError`, if files are missing and cannot be fetched.

    Warns
    -----
    UserWarning
        If a channel's offset is so large that its digits are lost, or if no channel changes.

    Examples
    --------
    >>> data = load_dataset("digits")
    >>> data.train.inputs.shape, len(data.validation), len(data.test)
    ((1257, 8, 8), 180, 360)
    """
    _check_name(name)
    view = _view(name, view)
    seed = seed_number(seed)
    if name == "digits":
        return _digits(view, seed)
    if name in IMAGE_SETS:
        return _images(name, view, seed, image_files(name, data_dir, download))
    if name.startswith("synthetic:"):
        return _synthetic(name, view, seed)
    train, test = dataset_files(name, data_dir, download)
    return _series(name, view, seed, train, test)


def dataset_files(
    name: str, data_dir: str | Path | None = None, download: bool = True
) -> tuple[Path, ...]:
    """The files that `load_dataset` reads for `name`, downloaded if they may be.

    Data that is bundled or generated has none.

    Raises
    ------
    ValueError, DatasetUnavailable
        As `load_dataset` does.

    Examples
    --------
    >>> dataset_files("digits")
    ()
    """
    _check_name(name)
    if name in IMAGE_SETS:
        return image_files(name, data_dir, download)
    kind, _, rest = ALIASES.get(name, name).partition(":")
    if kind == "ucr":
        return find_archived(rest, data_dir, download)
    if kind in ("ts", "tsv"):
        return find_own(rest, f".{kind}")
    return ()


def _digits(view: str, seed: int) -> DataSplits:
    from sklearn.datasets import load_digits

    bunch = load_digits()
    images = (bunch.images / 16).astype(np.float32)
    labels = bunch.target.astype(np.int64)
    values, permutation = as_sequences(images, view, seed)
    indices = three_ways(labels, seed)
    training = values[indices[0]].astype(np.float64)
    lengths = np.full(len(labels), values.shape[1])
    # All pixels share one mean and deviation, because pixels at the edge are constant.
    data = SequenceDataset.from_raw(
        values, lengths, labels, DIGITS, mean=training.mean(), std=training.std(), lower=0, upper=1
    )
    sources = {"scikit-learn digits": hashlib.sha256(bunch.images.tobytes()).hexdigest()}
    return _cut_parts("digits", view, seed, data, indices, permutation, sources)


def _images(name: str, view: str, seed: int, paths: tuple[Path, ...]) -> DataSplits:
    known = IMAGE_SETS[name]
    images, labels, n_train = read_images(paths)
    values, permutation = as_sequences(images, view, seed)
    train, validation = hold_out(labels[:n_train], n_train // 12, seed)
    data = SequenceDataset.from_raw(
        values,
        np.full(len(labels), values.shape[1]),
        labels,
        known.class_names,
        mean=known.mean,
        std=known.std,
        lower=0,
        upper=1,
    )
    indices = (train, validation, np.arange(n_train, len(labels)))
    return _cut_parts(name, view, seed, data, indices, permutation, _hashes(paths))


def _series(name: str, view: str, seed: int, train_path: Path, test_path: Path) -> DataSplits:
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
    train, validation = validation_split(first.labels, seed)
    mean, std = channel_statistics(values[train], lengths[train])
    _warn_of_constants(values[train], lengths[train], train_path)
    data = SequenceDataset.from_raw(values, lengths, labels, first.class_names, mean=mean, std=std)
    indices = (train, validation, np.arange(len(first.labels), len(labels)))
    return _cut_parts(name, view, seed, data, indices, None, _hashes((train_path, test_path)))


def _synthetic(name: str, view: str, seed: int) -> DataSplits:
    task = TASKS[name.removeprefix("synthetic:")](seed)
    indices = three_ways(task.labels, seed)
    mean, std = channel_statistics(task.values[indices[0]], task.lengths[indices[0]])
    data = SequenceDataset.from_raw(
        task.values,
        task.lengths,
        task.labels,
        task.class_names,
        mean=mean,
        std=std,
        lower=task.lower,
        upper=task.upper,
    )
    return _cut_parts(name, view, seed, data, indices, None, {})


def _cut_parts(
    name: str,
    view: str,
    seed: int,
    data: SequenceDataset,
    indices: tuple[Indices, Indices, Indices],
    permutation: Indices | None,
    sources: Mapping[str, str],
) -> DataSplits:
    train, validation, test = (data.subset(some) for some in indices)
    return DataSplits(name, view, seed, train, validation, test, permutation, sources)


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


def _hashes(paths: tuple[Path, ...]) -> Mapping[str, str]:
    return {path.name: sha256_of(path) for path in paths}


def _check_name(name: str) -> None:
    kind, _, rest = name.partition(":")
    if not (kind in ("ucr", "ts", "tsv") and rest):
        one_of(name, "name", [entry.name for entry in ENTRIES])


def _view(name: str, view: str | None) -> str:
    views = next((entry.views for entry in ENTRIES if entry.name == name), SERIES_VIEWS)
    return views[0] if view is None else one_of(view, "view", views)

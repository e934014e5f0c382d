"""Data sets of images as three parts: the digits and the MNIST family."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from rnnspec.data.download import hashes_of
from rnnspec.data.image_sets import IMAGE_SETS
from rnnspec.data.images import as_sequences, read_images
from rnnspec.data.preparation import hold_out, three_ways
from rnnspec.data.registry import DIGITS
from rnnspec.data.sequences import SequenceDataset
from rnnspec.data.splits import DataSplits


def split_digits(view: str, seed: int) -> DataSplits:
    """The digits that come with scikit-learn, cut 70 / 10 / 20."""
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
    train, validation, test = (data.subset(some) for some in indices)
    return DataSplits("digits", view, seed, train, validation, test, permutation, sources)


def split_images(name: str, view: str, seed: int, paths: tuple[Path, ...]) -> DataSplits:
    """A set of the MNIST family; a twelfth of its training half becomes the validation part."""
    known = IMAGE_SETS[name]
    images, labels, n_train = read_images(paths)
    values, permutation = as_sequences(images, view, seed)
    stay, held = hold_out(labels[:n_train], n_train // 12, seed)
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
    indices = (stay, held, np.arange(n_train, len(labels)))
    train, validation, test = (data.subset(some) for some in indices)
    return DataSplits(name, view, seed, train, validation, test, permutation, hashes_of(paths))

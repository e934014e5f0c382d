"""The three parts of a data set, and how they are made from arrays.

Some parts are given, and the others are cut from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rnnspec._result import Result
from rnnspec.data.arrays import Labelled, as_dataset, measure_spread
from rnnspec.data.preparation import Indices, three_ways, validation_split
from rnnspec.data.sequences import SequenceDataset

PARTS = ("train", "validation", "test")


@dataclass(frozen=True, eq=False, repr=False)
class DataSplits(Result):
    """A data set as it is trained on: three disjoint parts, and where they come from.

    Attributes
    ----------
    name, view : str
        What `load_dataset` was asked for.
    seed : int
        The seed that `load_dataset` was given; with `name` and `view` it reproduces the parts.
    train, validation, test : SequenceDataset
        All are padded to one length and standardised by the training part.  `validation` is empty
        if a class has fewer than five training series.
    permutation : ndarray, shape (t,), or None
        The order in which a permuted view reads the pixels.  A trained network means something
        only together with the permutation that it was trained on, so a run directory stores it.
    sources : mapping of str to str
        SHA-256 of each file that was read (for bundled data, of the array).
    """

    name: str
    view: str
    seed: int
    train: SequenceDataset
    validation: SequenceDataset
    test: SequenceDataset
    permutation: NDArray[np.int64] | None
    sources: Mapping[str, str]

    @classmethod
    def from_arrays(cls, train: Any, validation: Any = None, test: Any = None) -> DataSplits:
        """The parts from arrays, each in a form that `rnnspec.data.as_dataset` takes.

        Without `validation` and `test`, both are cut from `train`: 70 / 10 / 20, each class in
        proportion, always the same way.  With `test` alone, a fifth of `train` becomes the
        validation part (none if a class has fewer than five); with `validation` alone, the test
        part is empty.  Values are taken as they are, and standard deviations are those of the
        training part.

        Raises
        ------
        ValueError
            As `rnnspec.data.as_dataset` does; if the parts differ in their channels; or if a
            class has fewer than ten sequences to be cut three ways.

        Examples
        --------
        >>> X, y = np.random.default_rng(7).normal(size=(50, 6, 2)), np.arange(50) % 2
        >>> data = DataSplits.from_arrays((X, y))
        >>> len(data.train), len(data.validation), len(data.test)
        (35, 5, 10)
        """
        return as_splits(train, validation, test)

    @property
    def n_features(self) -> int:
        """The number d of channels."""
        return self.train.n_features

    @property
    def n_classes(self) -> int:
        """The number k of classes."""
        return self.train.n_classes


def as_splits(
    train: DataSplits | Labelled,
    validation: Labelled | None = None,
    test: Labelled | None = None,
    n_classes: int | None = None,
    name: str = "train",
) -> DataSplits:
    """The three parts, as `DataSplits.from_arrays` makes them; a `DataSplits` is returned itself.

    `n_classes` is as for `as_dataset`, and `name` is what errors call `train`.
    """
    if isinstance(train, DataSplits):
        return train
    whole = as_dataset(train, name, n_classes)
    given = {"validation": validation, "test": test}
    parts = {key: as_dataset(part, key) for key, part in given.items() if part is not None}
    if not parts:
        indices = zip(PARTS, _cut_indices(whole, name), strict=True)
        parts = {key: whole.subset(some) for key, some in indices}
    elif "validation" not in parts:
        stay, held = validation_split(whole.labels, seed=0)
        parts |= {"train": whole.subset(stay), "validation": whole.subset(held)}
    else:
        parts = {"train": whole, "test": whole.subset([])} | parts
    if not isinstance(train, SequenceDataset):
        parts["train"] = measure_spread(parts["train"])
    return DataSplits("arrays", "series", 0, **_match_parts(parts), permutation=None, sources={})


def _cut_indices(whole: SequenceDataset, name: str) -> tuple[Indices, Indices, Indices]:
    present, counts = np.unique(whole.labels, return_counts=True)
    if counts.min() < 10:
        raise ValueError(
            f"`{name}` must hold at least 10 sequences of every class to be cut into training,"
            f" validation and test, got {counts.min()} of class {present[counts.argmin()]}: give"
            " the parts themselves, DataSplits.from_arrays(train=(X, y), test=(X_test, y_test))"
        )
    return three_ways(whole.labels, seed=0)


def _match_parts(parts: dict[str, SequenceDataset]) -> dict[str, SequenceDataset]:
    """The parts with one type, one tuple of classes, and the units of the training part."""
    train = parts["train"]
    for key, part in parts.items():
        if part.n_features != train.n_features:
            raise ValueError(
                f"`{key}` must have the {train.n_features} channels of `train`, got"
                f" {part.n_features}"
            )
    names = max((part.class_names for part in parts.values()), key=len)
    return {
        key: replace(
            part,
            inputs=part.inputs.astype(np.float32),
            class_names=names,
            center=train.center,
            spread=train.spread,
        )
        for key, part in parts.items()
    }

"""The three parts of a data set from arrays: some are given, the others are cut from them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from rnnspec.data.arrays import Labelled, as_dataset, measure_spread
from rnnspec.data.sequences import DataSplits, SequenceDataset
from rnnspec.data.splits import Indices, parts_of, three_ways, validation_split


def as_splits(
    train: DataSplits | Labelled,
    validation: Labelled | None = None,
    test: Labelled | None = None,
    n_classes: int | None = None,
    name: str = "train",
) -> DataSplits:
    """The three parts, as `DataSplits.from_arrays` makes them; a `DataSplits` stays as it is.

    `n_classes` means the same as for `as_dataset`, and `name` is what errors call `train`.
    """
    if isinstance(train, DataSplits):
        return train
    whole = as_dataset(train, name, n_classes)
    given = {"validation": validation, "test": test}
    parts = {key: as_dataset(part, key) for key, part in given.items() if part is not None}
    if not parts:
        parts = dict(
            zip(
                ("train", "validation", "test"),
                parts_of(whole, _cut_indices(whole, name)),
                strict=True,
            )
        )
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
    """The parts with one type, one list of classes, and the units of the training part."""
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

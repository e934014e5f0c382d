"""From the name of a data set to its three parts, ready to train on."""

from __future__ import annotations

from pathlib import Path

from rnnspec._checks import one_of, seed_number
from rnnspec.data.archive import find_archived
from rnnspec.data.image_sets import IMAGE_SETS
from rnnspec.data.image_splits import split_digits, split_images
from rnnspec.data.images import image_files
from rnnspec.data.own_files import find_own
from rnnspec.data.preparation import channel_statistics, three_ways
from rnnspec.data.registry import ALIASES, ENTRIES, SERIES_VIEWS
from rnnspec.data.sequences import SequenceDataset
from rnnspec.data.series_splits import split_series
from rnnspec.data.splits import DataSplits
from rnnspec.data.synthetic import TASKS


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
        ``synthetic:adding`` or ``synthetic:sine``.  NAME is a data set of the UCR and
        UEA archives, and PATH the path of files of your own.  ``rnnspec datasets list`` describes
        them all.
    view : str, optional
        How an image is read: ``rows`` (default), ``cols`` (digits only),
        ``pixels`` or ``permuted``.  Other data has the one view ``series``.
    data_dir : path, optional
        Folder to look in before anything is downloaded; by default ``$RNNSPEC_DATA_DIR``.
    seed : int
        Seed of the split, the permutation and generated data; training has a seed of its own.
    download : bool
        Whether files may be downloaded; ``RNNSPEC_OFFLINE=1`` forbids it too.

    Returns
    -------
    DataSplits
        All parts padded to one length and standardised by the training part.
        Without an official split they hold 70, 10 and 20 % of the sequences, each class in
        proportion.  With one, validation is cut from the training half: 5000 images, or 20 %
        of the series (none if a class has fewer than five).

    Raises
    ------
    ValueError
        If the name or the view is unknown, or a file cannot be read.  The message then gives the
        file and the line, what was expected, what was found, and the likely cause.
    DatasetUnavailable
        If files are missing and cannot be fetched; this is a kind of `ValueError`.

    Warns
    -----
    UserWarning
        If a channel's offset is so large that its digits are lost, or if no channel changes.

    Examples
    --------
    The digits are 1,797 images of 8 rows and 8 columns:

    >>> data = load_dataset("digits")
    >>> data.train.inputs.shape, len(data.validation), len(data.test)
    ((1257, 8, 8), 180, 360)
    """
    _check_name(name)
    view = _view(name, view)
    seed = seed_number(seed)
    if name == "digits":
        return split_digits(view, seed)
    if name in IMAGE_SETS:
        return split_images(name, view, seed, image_files(name, data_dir, download))
    if name.startswith("synthetic:"):
        return _synthetic(name, view, seed)
    train, test = dataset_files(name, data_dir, download)
    return split_series(name, view, seed, train, test)


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
    train, validation, test = (data.subset(some) for some in indices)
    return DataSplits(name, view, seed, train, validation, test, None, {})


def _check_name(name: str) -> None:
    kind, _, rest = name.partition(":")
    if not (kind in ("ucr", "ts", "tsv") and rest):
        one_of(name, "name", [entry.name for entry in ENTRIES])


def _view(name: str, view: str | None) -> str:
    views = next((entry.views for entry in ENTRIES if entry.name == name), SERIES_VIEWS)
    return views[0] if view is None else one_of(view, "view", views)

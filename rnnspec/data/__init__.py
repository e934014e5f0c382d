"""Sequences: padded inputs, lengths, labels, raw bounds."""

from rnnspec.data.arrays import as_dataset as as_dataset
from rnnspec.data.load import load_dataset as load_dataset
from rnnspec.data.sequences import DataSplits as DataSplits
from rnnspec.data.sequences import SequenceDataset as SequenceDataset

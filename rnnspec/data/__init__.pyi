from .arrays import as_dataset as as_dataset
from .download import DatasetUnavailable as DatasetUnavailable
from .flip_flop import flip_flop as flip_flop
from .load import load_dataset as load_dataset
from .sequences import SequenceDataset as SequenceDataset
from .splits import DataSplits as DataSplits

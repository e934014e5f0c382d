from .classifier import SequenceClassifier as SequenceClassifier
from .matrices import load_matrices as load_matrices
from .reading import read_along as read_along
from .recurrent import recurrent_matrices as recurrent_matrices
from .recurrent import stacked_matrices as stacked_matrices
from .remarks import AssumptionWarning as AssumptionWarning
from .remarks import LeftOutWarning as LeftOutWarning

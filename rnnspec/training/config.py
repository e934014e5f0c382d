"""Every setting of a training, declared once; see `rnnspec.training.declaration`."""

from __future__ import annotations

from dataclasses import dataclass

from rnnspec.models.gates import CELLS, INITS
from rnnspec.training.declaration import describe_settings, setting

QUANTITIES = ("radius", "norm")
MODES = ("clip", "scale")
ESTIMATORS = ("rayleigh", "power", "exact")
METHODS = ("pgd", "free", "trades")
SCHEDULES = ("constant", "linear", "cosine")
FORMS = ("finite-difference", "hutchinson")

# The default length of a training; `rnnspec.training.schedule` says how they were measured.
EPOCHS = 40
LEAST_UPDATES, MOST_UPDATES = 1_600, 16_000


@describe_settings
@dataclass(frozen=True)
class TrainingConfig:
    """All settings of `rnnspec train`, as ``config.json`` in a run directory holds them.

    Each setting is a flag of ``rnnspec train`` (``--batch-size``), a key of its TOML file and of
    a study file (``batch-size`` or ``batch_size``), and a field of this class.
    """

    dataset: str = setting(
        "digits", "Data set to train on; `rnnspec datasets list` lists the names.", recorded=True
    )
    view: str | None = setting(
        None,
        "How an image is read as a sequence: by rows, cols (columns), pixels or permuted"
        " (pixels in a fixed random order).",
        unset="the first view of the data set",
        recorded=True,
    )
    cell: str = setting(
        "lstm",
        "Type of the recurrent cell; rnn is the plain cell with tanh.",
        choices=CELLS,
        recorded=True,
    )
    hidden: int = setting(
        64, "Number of hidden units of each layer and direction.", least=1, recorded=True
    )
    layers: int = setting(
        1,
        "Number of recurrent layers; each reads the output of the one below.",
        least=1,
        recorded=True,
    )
    bidirectional: bool = setting(
        False, "Read each sequence forward and in reverse.", recorded=True
    )
    init: str = setting(
        "orthogonal",
        "How the recurrent weights are initialised: as orthogonal matrices, as identity matrices,"
        " or as PyTorch does (torch), which draws them from a uniform distribution.",
        choices=INITS,
        recorded=True,
        column=3,
    )
    normalize: str = setting(
        "none",
        "Bound the spectral radius or the spectral norm of each gate's recurrent matrix.",
        choices=("none", *QUANTITIES),
        treatment=True,
        recorded=True,
        column=1,
    )
    estimator: str = setting(
        "rayleigh",
        "How the radius or norm is followed from update to update.  rayleigh takes Rayleigh"
        " quotients on subspaces that it keeps from one update to the next; power takes one"
        " iteration of the power method, which is cheap and inexact; exact calls LAPACK in each"
        " update, which is accurate and slow.",
        choices=ESTIMATORS,
        treatment=True,
        recorded=True,
        column=2,
    )
    bound: float = setting(
        1.0,
        "Bound on the spectral radius or norm of each gate's recurrent matrix.",
        above=0,
        treatment=True,
        recorded=True,
    )
    normalize_mode: str = setting(
        "clip",
        "What normalisation does to a matrix.  clip scales it down if it is above the bound; scale"
        " always puts it on the bound.",
        choices=MODES,
        treatment=True,
        recorded=True,
    )
    block: int = setting(
        8,
        "Number of vectors that the estimator keeps; with 1 it"
        " follows a single vector, as the power method of the textbooks does.",
        least=1,
        treatment=True,
    )
    adversarial: str = setting(
        "none",
        "Train on inputs that an attack has perturbed.  pgd attacks each batch anew; free keeps"
        " the perturbations from epoch to epoch, which is fast; trades adds to the loss on"
        " unchanged inputs the divergence (Kullback-Leibler) between the outputs for unchanged"
        " and for perturbed inputs.",
        choices=("none", *METHODS),
        treatment=True,
        recorded=True,
        column=4,
    )
    adv_epsilon: float = setting(
        0.1,
        "Largest change that the attack may make to an input value, in standard deviations of its"
        " channel.",
        least=0,
        treatment=True,
        recorded=True,
    )
    adv_steps: int | None = setting(
        None,
        "Number of iterations of the attack on each batch.",
        least=1,
        unset="7, or 1 with free",
        treatment=True,
    )
    adv_schedule: str = setting(
        "constant",
        "How the size of the attack grows during training.  linear lets it grow until half of the"
        " training is done; cosine lets it grow anew in each of three periods, while the learning"
        " rate falls.",
        choices=SCHEDULES,
        treatment=True,
    )
    adv_beta: float = setting(
        6.0, "With trades, the weight of the divergence in the loss.", least=0, treatment=True
    )
    curvature_penalty: float = setting(
        0.0,
        "Weight of a penalty on the curvature of the loss as a function of the input.",
        least=0,
        treatment=True,
        recorded=True,
        column=5,
    )
    curvature_form: str = setting(
        "finite-difference",
        "How the curvature is estimated: by a finite difference along the sign of the gradient,"
        " or by products of the whole Hessian with random vectors.",
        choices=FORMS,
        treatment=True,
    )
    curvature_step: float = setting(
        1.0,
        "Length of the finite difference, in standard deviations of each channel.",
        above=0,
        treatment=True,
    )
    epochs: int | None = setting(
        None,
        f"Number of passes through the training data.  The default is {EPOCHS}, but more if these"
        f" make fewer than {LEAST_UPDATES:,} updates of the weights, and fewer if they make more"
        f" than {MOST_UPDATES:,}.",
        least=1,
        unset="by the size of the data",
        recorded=True,
    )
    batch_size: int = setting(32, "Number of sequences in each update of the weights.", least=1)
    lr: float = setting(2e-3, "Largest learning rate of the optimiser Adam.", above=0)
    clip_norm: float = setting(
        1.0, "Largest norm of the gradient; a longer gradient is shortened to it.", above=0
    )
    seed: int = setting(
        0, "Seed of the initial weights and of the order of the batches.", least=0, recorded=True
    )
    device: str = setting(
        "cpu", "Where the network trains.", choices=("cpu", "cuda"), numbered=True
    )
    threads: int | None = setting(
        None, "Number of CPU threads.", least=1, unset="as PyTorch chooses"
    )


DEFAULTS = TrainingConfig()

"""Every setting of a training, its default, and nothing else; imports no library."""

from __future__ import annotations

from dataclasses import dataclass

QUANTITIES = ("radius", "norm")
MODES = ("clip", "scale")
ESTIMATORS = ("rayleigh", "power", "exact")
METHODS = ("pgd", "free", "trades")
SCHEDULES = ("constant", "linear", "cosine")
FORMS = ("finite-difference", "hutchinson")

# The default length of a training, see `rnnspec.training.length`.
EPOCHS = 40
LEAST_STEPS, MOST_STEPS = 1_600, 16_000


@dataclass(frozen=True)
class TrainingConfig:
    """What `rnnspec train` can be told; a run directory holds one as ``config.json``.

    `lr` is Adam's step at its peak, `clip_norm` the bound on the norm of the
    whole gradient, `bound` that on the radius or norm of each gate's recurrent
    matrix, `adv_epsilon` the size of the attack in standard deviations, `adv_steps`
    its steps (None: 7, of "free" 1), `epochs` the passes through the data (None: the size of
    the data decides, see `rnnspec.training.length`), `threads` PyTorch's (None: as it comes).
    """

    dataset: str = "digits"
    view: str | None = None
    cell: str = "lstm"
    hidden: int = 64
    layers: int = 1
    bidirectional: bool = False
    init: str = "orthogonal"
    normalize: str = "none"
    estimator: str = "rayleigh"
    bound: float = 1.0
    normalize_mode: str = "clip"
    block: int = 8
    adversarial: str = "none"
    adv_epsilon: float = 0.1
    adv_steps: int | None = None
    adv_schedule: str = "constant"
    adv_beta: float = 6.0
    curvature_penalty: float = 0.0
    curvature_form: str = "finite-difference"
    curvature_step: float = 1.0
    epochs: int | None = None
    batch_size: int = 32
    lr: float = 2e-3
    clip_norm: float = 1.0
    seed: int = 0
    device: str = "cpu"
    threads: int | None = None


DEFAULTS = TrainingConfig()

"""The threat model: what may move, in which norm, in which units, and where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from rnnspec._checks import one_of
from rnnspec.data.sequences import SequenceDataset
from rnnspec.robustness.budget import NORMS, Budget

TARGETS = ("input", "state")
UNITS = ("std", "raw")
# Raw units per standard deviation, or the reverse, that are refused: float32 ends at 3e38, and
# eight orders of magnitude are left for the size of a perturbation and for sums.
EXTREME = 1e30


@dataclass(frozen=True, eq=False)
class Threat:
    r"""What an attack on a sequence classifier may change.

    Parameters
    ----------
    target : {"input", "state"}
        What moves: the values of the sequence, or the initial state (h0, and c0 of an LSTM).
        `weight_robustness` moves the weights.
    norm : {"linf", "l2"}
        The size of a sequence's perturbation: its largest entry, or its Euclidean length.
    units : {"std", "raw"}
        One unit of an input is a standard deviation of its channel over the
        training data (if arrays are given, over these: see `rnnspec.data.as_dataset`), or one
        raw unit.  A state has no units.
    steps : boolean array, shape (t,) or (n, t), optional
        Time steps that may move; padded steps never do.
    channels : boolean array, shape (d,), optional
        Channels that may move.
    bounded : bool, default True
        Keep raw values inside the data's raw bounds (images have [0, 1], series have none).

    Raises
    ------
    ValueError
        If target, norm or units are unknown, or masks are given for a state.

    Examples
    --------
    >>> Threat(norm="l2").units
    'std'
    """

    target: str = "input"
    norm: str = "linf"
    units: str = "std"
    steps: NDArray[np.bool_] | None = None
    channels: NDArray[np.bool_] | None = None
    bounded: bool = True

    def __post_init__(self) -> None:
        one_of(self.target, "target", TARGETS)
        one_of(self.norm, "norm", NORMS)
        one_of(self.units, "units", UNITS)
        if self.target == "state" and not (self.steps is None and self.channels is None):
            raise ValueError(
                "`steps` and `channels` must be None for the target 'state':"
                " an initial state has neither time nor channels"
            )

    def scale(self, data: SequenceDataset) -> NDArray[np.float64]:
        """(d,) model units per unit of the threat: `spread` for "std", 1 / std for "raw".

        Raises
        ------
        ValueError
            If raw units are so far from the data's that perturbations in them leave the range
            of float32.
        """
        if self.units == "std":
            return data.spread
        extreme = (data.std < 1 / EXTREME) | (data.std > EXTREME)
        if extreme.any():
            c = int(np.argmax(extreme))
            raise ValueError(
                f"`units` must be 'std' for this data: in raw units channel {c} has a standard"
                f" deviation of {data.std[c]:.2g}, and float32 does not hold its perturbations"
                " (or give the data in other units: fT in place of T)"
            )
        return 1 / data.std

    def movable(self, data: SequenceDataset) -> NDArray[np.bool_]:
        """(n, t, d) mask of the values that may move.

        Raises
        ------
        ValueError
            If a mask does not fit the data, or leaves nothing to move.
        """
        mask = np.repeat(data.mask()[:, :, np.newaxis], data.n_features, axis=2)
        if self.steps is not None:
            steps = _mask(self.steps, "steps", data.n_steps)
            if steps.shape not in ((data.n_steps,), (len(data), data.n_steps)):
                raise ValueError(
                    f"`steps` must have shape ({data.n_steps},) or ({len(data)}, {data.n_steps}),"
                    f" got {steps.shape}"
                )
            mask &= steps[..., np.newaxis]
        if self.channels is not None:
            channels = _mask(self.channels, "channels", data.n_features)
            if channels.shape != (data.n_features,):
                raise ValueError(
                    f"`channels` must have shape ({data.n_features},), got {channels.shape}"
                )
            mask &= channels
        if not mask.any():
            raise ValueError("`steps` and `channels` must leave something to move, they mask all")
        return mask

    def budget(self, data: SequenceDataset, dtype: torch.dtype, device: torch.device) -> Budget:
        """The admissible perturbations of the inputs of `data`, in units."""
        mask = self.movable(data)
        low = np.full((1, 1, data.n_features), -np.inf)
        high = -low
        if self.bounded:
            # Distances to the raw bounds; the box holds 0, though raw() may round across one.
            per_unit = data.std * self.scale(data)
            raw = data.raw()
            low = np.minimum(data.lower - raw, 0) / per_unit
            high = np.maximum(data.upper - raw, 0) / per_unit
        lower, upper = (
            torch.from_numpy(np.where(mask, edge, 0.0)).to(device, dtype) for edge in (low, high)
        )
        return Budget(self.norm, lower, upper)


def _mask(given: Any, name: str, size: int) -> NDArray[np.bool_]:
    """`given` as a mask, if it is one: of True and False, or of zeros and ones."""
    mask = np.asarray(given.detach().cpu() if hasattr(given, "detach") else given)
    ones = mask.dtype.kind in "iuf" and bool(np.isin(mask, (0, 1)).all())
    places = mask.dtype.kind in "iu" and len(np.unique(mask)) == mask.size
    if mask.dtype != bool and (places or not ones):
        raise ValueError(
            f"`{name}` must be a boolean mask, got {str(mask.tolist())[:60]} (for places:"
            f" np.isin(np.arange({size}), places); for zeros and ones: np.array([...], dtype=bool))"
        )
    return mask.astype(bool)


def either(threat: Threat | None, named: Threat, usual: str) -> Threat:
    """`threat` if it is given, and otherwise `named`, made of target, norm and units.

    Raises
    ------
    ValueError
        If there is a `threat`, and target, norm or units are not the default as well.
    """
    if threat is None:
        return named
    if (named.target, named.norm, named.units) != ("input", usual, "std"):
        raise ValueError("`threat` holds target, norm and units: give it, or them, not both")
    return threat


def free_state(shape: tuple[int, ...], norm: str, like: Tensor) -> Budget:
    """The admissible perturbations of an initial state: a ball without a box."""
    bound = torch.full(shape, torch.inf, dtype=like.dtype, device=like.device)
    return Budget(norm, -bound, bound)

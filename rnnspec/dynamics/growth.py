r"""What a kick to the state grows to along data, beside the bounds on it.

.. math:: \delta_k \approx J_{t+k} \cdots J_{t+1}\, \delta_0,\qquad
          \|J_{t+k} \cdots J_{t+1}\| \le \prod_{j=1}^{k} \|J_{t+j}\|
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rnnspec._result import Result
from rnnspec.dynamics.quantiles import step_quantiles

Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class FiniteTimeGrowth(Result):
    r"""Natural logarithms of the growth of a kick over k = 0 .. t - `step` steps.

    Attributes
    ----------
    step : int
        Number of inputs that are read before the kick.
    epsilon : float
        Euclidean size of the kick, :math:`\|\delta_0\|`.
    linear : array, shape (n, t - step + 1)
        :math:`\log \|J_{t+k} \cdots J_{t+1}\|_2`: the most that an infinitesimal kick can grow.
        NaN beyond a sequence's true length.
    measured : array, shape (n, t - step + 1)
        :math:`\log (\|\delta_k\| / \epsilon)` of the kicked network itself.
    product : array, shape (n, t - step + 1)
        :math:`\sum_j \log \|J_{t+j}\|_2`.  It is proved to lie above `linear` for every cell, but
        above `measured` only to first order in `epsilon`.
    bound : array, shape (t - step + 1,), or None
        :math:`\log \min(\|W\|^k, \|\,|W|^k\|)`, where :math:`|W|` holds the absolute values.  It is
        proved to lie above `linear` and `measured` for every sequence and every kick.  None unless
        the network is one layer of the cell ``rnn``.
    reference : str
        The matrix A of the next three attributes: ``W`` for one layer of ``rnn``, else ``mean
        Jacobian``, the mean over the sequences and their steps from `step` on.
    powers : array, shape (t - step + 1,)
        :math:`\log \|A^k\|`.  For ``W`` it is what a kick can grow to while no unit saturates.  It
        is no bound along data: saturation mostly damps a kick, but it can also break a
        cancellation in :math:`W^k` and let the kick grow further.
    kreiss_lower, kreiss_upper : float
        :math:`\log K(A) \le \sup_k \log \|A^k\| \le \log(e\,s\,K(A))`, the Kreiss matrix theorem;
        inf if A is unstable.
    changed : array of bool, shape (n,), or None
        Whether the kick changed the class that a `SequenceClassifier` decides for; False for a
        sequence that ended before the kick.  None for any other module.
    """

    step: int
    epsilon: float
    linear: Array
    measured: Array
    product: Array
    bound: Array | None
    reference: str
    powers: Array
    kreiss_lower: float
    kreiss_upper: float
    changed: NDArray[np.bool_] | None = None

    @property
    def sizes(self) -> Array:
        r"""The measured sizes :math:`\|\delta_k\|_2`, shape (n, t - step + 1)."""
        return np.asarray(self.epsilon * np.exp(self.measured))

    def quantiles(self, levels: Sequence[float]) -> dict[str, Array]:
        """Quantiles over sequences of `product`, `linear` and `measured`.

        Each has shape (q, t - step + 1) for q `levels`.
        """
        return {
            name: step_quantiles(getattr(self, name), levels)
            for name in ("product", "linear", "measured")
        }

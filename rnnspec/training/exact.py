"""What LAPACK says of normalised matrices: errors of estimates, weights that obey the bound."""

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from rnnspec.models.recurrent import at_rest
from rnnspec.spectra.dominant import exact_pair
from rnnspec.training.normalization import Normalize, normalization_on, recurrent_weights


def bake(module: nn.Module) -> None:
    """Make the normalisation permanent and exact, in place: plain parameters remain.

    Estimates err; so each gate is measured by LAPACK in float64 and shrunk where
    it is above the bound.  Afterwards radius or norm are at most the bound times
    1 + 1e-6, and the state dict has plain PyTorch's keys.
    """
    for recurrent, name in recurrent_weights(module):
        normalization = normalization_on(recurrent, name)
        if normalization is None:
            continue
        normalization.eval()  # removal reads the weight: its estimator must not move
        parametrize.remove_parametrizations(recurrent, name)
        with torch.no_grad():
            for block in getattr(recurrent, name).view(normalization.shape):
                shrink_to(block, normalization.normalize)


def shrink_to(block: Tensor, normalize: Normalize) -> None:
    """Scale one gate (h, h), in place, until its exact quantity obeys `normalize`."""
    value = exact_values(block, normalize.quantity).item()
    if normalize.mode == "scale" and value > 0:
        block *= normalize.bound / value
    for k in range(12):
        value = exact_values(block, normalize.quantity).item()
        if value <= normalize.bound * (1 + 1e-6):
            return
        # Rounding to float32 moves eigenvalues: aim lower at each further attempt.
        block *= normalize.bound / value * (1 - 1e-7 * 4**k)
    raise AssertionError(f"{normalize.quantity} {value} does not shrink to {normalize.bound}")


def exact_values(W: Tensor, quantity: str, *, double: bool = True) -> Tensor:
    """Spectral radius or norm of each matrix of a stack (..., h, h), by LAPACK."""
    A = W.detach().double() if double else W.detach()
    if not A.isfinite().all():
        return A.new_full(A.shape[:-2], torch.nan)
    values = torch.linalg.svdvals(A) if quantity == "norm" else torch.linalg.eigvals(A).abs()
    largest: Tensor = values.amax(-1)
    return largest


@torch.no_grad()
def settle(module: nn.Module) -> float | None:
    """Put every normalisation on its exact value until training goes on.

    So the network that is validated is the one that `bake` leaves.  Returns the
    largest relative error, over all gates, of the estimates that training made;
    None if nothing is normalised.
    """
    errors = []
    for recurrent, name in recurrent_weights(module):
        normalization = normalization_on(recurrent, name)
        if normalization is not None:
            original = recurrent.parametrizations[name].original  # type: ignore[index, union-attr]
            W = original.detach().view(normalization.shape)
            estimate = torch.from_numpy(normalization.advance(W))
            exact, u, w = exact_pair(W.double(), normalization.normalize.quantity)
            normalization.hold(u.cpu().numpy(), w.cpu().numpy())
            exact = exact.cpu()
            errors.append(((estimate - exact).abs() / exact.clamp_min(1e-30)).max().item())
    return max(errors, default=None)


@torch.no_grad()
def largest_radius(module: nn.Module) -> float:
    """Largest spectral radius of the recurrent matrices as the network uses them, to monitor it."""
    with at_rest(module):
        radii = [
            exact_values(getattr(recurrent, name).view(-1, h, h), "radius", double=False).max()
            for recurrent, name in recurrent_weights(module)
            for h in [recurrent.hidden_size]
        ]
    return max(radius.item() for radius in radii)

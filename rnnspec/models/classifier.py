"""A recurrent network that reads a sequence and names its class."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize
from torch.nn.utils.rnn import pack_padded_sequence

from rnnspec._checks import one_of, seed_number
from rnnspec.models.gates import CELLS, GATES, INITS

MODULES = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}


class SequenceClassifier(nn.Module):
    r"""Recurrent layers and a linear readout of the true last state.

    .. math:: y = C\,h_{T} + d,\qquad h_t = \mathrm{cell}(x_t, h_{t-1}),\ h_0 = 0

    where C and d are the weight and the bias of the readout, and y are the logits.  T is the length
    of the sequence, not of the padded batch.  So a sequence is classified in the same way alone and
    in a batch.  In a bidirectional network the readout takes the last state of each direction,
    :math:`(h_T^\rightarrow, h_1^\leftarrow)`.

    Parameters
    ----------
    cell : {"rnn", "lstm", "gru"}
        ``rnn`` is the tanh cell.  The layers are PyTorch's fused ones.
    n_features, n_classes : int
        Number of channels of an input step, and number of classes.
    hidden : int, default 64
        Number of units of each layer and direction.
    layers : int, default 1
        Number of recurrent layers; each reads the output of the one below.
    bidirectional : bool, default False
        Whether each layer also reads the sequence from its end.
    init : {"orthogonal", "torch", "identity"}
        How the recurrent weights are initialised.  ``orthogonal`` draws a random orthogonal matrix
        for each gate, ``identity`` takes the identity, and ``torch`` is PyTorch's default, which
        is uniform.
    seed : int, default 0
        Seed of the initial weights; the global random state is neither read nor set.

    Raises
    ------
    ValueError
        If `cell` or `init` is none of these, or a size is below 1.

    Examples
    --------
    Two sequences, of 7 and 4 true steps, give 5 logits each:

    >>> model = SequenceClassifier("gru", n_features=3, n_classes=5, hidden=8)
    >>> model(torch.zeros(2, 7, 3), torch.tensor([7, 4])).shape
    torch.Size([2, 5])
    """

    def __init__(
        self,
        cell: str,
        n_features: int,
        n_classes: int,
        hidden: int = 64,
        layers: int = 1,
        bidirectional: bool = False,
        init: str = "orthogonal",
        seed: int = 0,
    ) -> None:
        super().__init__()
        one_of(cell, "cell", CELLS)
        one_of(init, "init", INITS)
        for name, size in (
            ("n_features", n_features),
            ("n_classes", n_classes),
            ("hidden", hidden),
            ("layers", layers),
        ):
            if size < 1:
                raise ValueError(f"`{name}` must be at least 1, got {size}")
        self.cell, self.hidden, self.layers = cell, hidden, layers
        self.n_features, self.n_classes = n_features, n_classes
        self.bidirectional, self.init = bidirectional, init
        generator = torch.Generator().manual_seed(seed_number(seed))
        # Building a module draws from the global stream: give the stream back.
        with torch.random.fork_rng(devices=[]):
            self.recurrent: nn.RNNBase = MODULES[cell](
                n_features, hidden, layers, batch_first=True, bidirectional=bidirectional
            )
            self.readout = nn.Linear(hidden * (1 + bidirectional), n_classes)
        initialize(self.recurrent, init, generator)
        with torch.no_grad():
            nn.init.xavier_uniform_(self.readout.weight, generator=generator)
            self.readout.bias.zero_()

    def forward(
        self,
        inputs: Tensor,  # shape: (n, t, d)
        lengths: Tensor | None = None,  # shape: (n,)
        state: Tensor | None = None,  # shape: (n, *state_shape)
    ) -> Tensor:  # shape: (n, k)
        """The logits of the classes; `lengths` defaults to all of t, `state` to zero."""
        # The fused layers look at each weight several times: so a parametrised weight is computed
        # once for each forward.  Without such a weight this does nothing.
        with parametrize.cached():
            logits: Tensor = self.readout(self.last_state(inputs, lengths, state))
        return logits

    @property
    def state_shape(self) -> tuple[int, int, int]:
        """(states, layers x directions, h) of a sequence; an LSTM has two states, h and c."""
        return 1 + (self.cell == "lstm"), self.layers * (1 + self.bidirectional), self.hidden

    def last_state(
        self, inputs: Tensor, lengths: Tensor | None, state: Tensor | None = None
    ) -> Tensor:
        """The top layer's state at each sequence's last true step, (n, h) or (n, 2h)."""
        shortest = inputs.shape[1] if lengths is None else int(lengths.min())
        if shortest < 1:
            raise ValueError(f"`lengths` must be at least 1, got {shortest} (an empty sequence?)")
        start = None if state is None else self._start(state)
        if lengths is None or shortest == inputs.shape[1]:
            states, final = self.recurrent(inputs, start)
        elif not self.bidirectional:
            # A causal network has not read the padding behind the last true step.
            states, _ = self.recurrent(inputs, start)
            last: Tensor = states[torch.arange(len(states), device=states.device), lengths - 1]
            return last
        else:
            packed = pack_padded_sequence(
                inputs, lengths.cpu(), batch_first=True, enforce_sorted=False
            )
            _, final = self.recurrent(packed, start)
        h = final[0] if self.cell == "lstm" else final  # shape: (layers * directions, n, h)
        return torch.cat([h[-2], h[-1]], dim=1) if self.bidirectional else h[-1]

    def _start(self, state: Tensor) -> Tensor | tuple[Tensor, Tensor]:
        # torch wants (layers * directions, n, h), and a pair of them for an LSTM.
        if state.shape[1:] != self.state_shape:
            raise ValueError(
                f"`state` must have shape (n, *{self.state_shape}), got {tuple(state.shape)}"
            )
        h, *c = (part.contiguous() for part in state.permute(1, 2, 0, 3))
        return (h, c[0]) if c else h


def initialize(recurrent: nn.RNNBase, init: str, generator: torch.Generator) -> None:
    """Draw the weights of `recurrent` anew, in place.

    ``orthogonal``
        Each gate's recurrent block is Haar-orthogonal (normal, with every eigenvalue on the unit
        circle), input weights are Glorot-uniform, and biases zero except the LSTM's forget bias,
        1 in sum: gates that start open keep gradients alive.
    ``identity``
        The same, with the identity for each recurrent block (Le, Jaitly and Hinton, 2015, for
        the vanilla cell).
    ``torch``
        U(-1/sqrt(h), 1/sqrt(h)) throughout, PyTorch's default.
    """
    h = recurrent.hidden_size
    with torch.no_grad():
        for name, parameter in recurrent.named_parameters():
            if init == "torch":
                nn.init.uniform_(parameter, -(h**-0.5), h**-0.5, generator=generator)
            elif name.startswith("weight_hh"):
                for block in parameter.view(-1, h, h):
                    if init == "orthogonal":
                        nn.init.orthogonal_(block, generator=generator)
                    else:
                        nn.init.eye_(block)
            elif name.startswith("weight_ih"):
                for block in parameter.view(-1, h, parameter.shape[1]):
                    nn.init.xavier_uniform_(block, generator=generator)
            else:
                parameter.zero_()
                if recurrent.mode == "LSTM" and name.startswith("bias_ih"):
                    forget = GATES["lstm"].index("forget")
                    parameter[forget * h : (forget + 1) * h] = 1.0

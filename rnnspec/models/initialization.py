"""Starting values of the recurrent layers."""

from __future__ import annotations

import torch
from torch import nn

from rnnspec.models.gates import GATES, n_gates

INITS = ("orthogonal", "torch", "identity")


def initialize(recurrent: nn.RNNBase, init: str, generator: torch.Generator) -> None:
    """Draw the weights of `recurrent` anew, in place.

    ``orthogonal``
        each gate's recurrent block Haar-orthogonal (normal, every eigenvalue on
        the unit circle), input weights Glorot-uniform, biases zero except the
        LSTM's forget bias, 1 in sum: gates that start open keep gradients alive.
    ``identity``
        as above, with the identity for each recurrent block (Le, Jaitly and
        Hinton, 2015, for the vanilla cell).
    ``torch``
        U(-1/sqrt(h), 1/sqrt(h)) throughout, PyTorch's default.
    """
    h = recurrent.hidden_size
    cell = recurrent.mode.split("_")[0].lower()
    with torch.no_grad():
        for name, parameter in recurrent.named_parameters():
            if init == "torch":
                nn.init.uniform_(parameter, -(h**-0.5), h**-0.5, generator=generator)
            elif name.startswith("weight_hh"):
                for block in parameter.view(n_gates(cell), h, h):
                    if init == "orthogonal":
                        nn.init.orthogonal_(block, generator=generator)
                    else:
                        nn.init.eye_(block)
            elif name.startswith("weight_ih"):
                for block in parameter.view(n_gates(cell), h, -1):
                    nn.init.xavier_uniform_(block, generator=generator)
            else:
                parameter.zero_()
                if cell == "lstm" and name.startswith("bias_ih"):
                    forget = GATES["lstm"].index("forget")
                    parameter[forget * h : (forget + 1) * h] = 1.0

"""Modules as others write them: some step by the formula of their recurrent part, some do not."""

import torch
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

D, H, K = 3, 5, 2


class Encoded(nn.Module):
    """An encoder before the recurrent layer, a readout after it."""

    def __init__(self, recurrent=nn.GRU, **options):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(D, 4), nn.ReLU())
        self.rnn = recurrent(4, H, batch_first=True, **options)
        self.readout = nn.LazyLinear(K)
        self.readout(torch.zeros(1, H * (1 + self.rnn.bidirectional)))

    def forward(self, x):
        return self.readout(self.rnn(self.encoder(x))[0][:, -1])


class Packed(nn.Module):
    """Packs its sequences by their lengths; sorts them first, and may forget to sort back."""

    def __init__(self, sort=False):
        super().__init__()
        self.rnn = nn.LSTM(D, H, bidirectional=True)
        self.sort = sort

    def forward(self, x, lengths):
        if self.sort:
            lengths, order = lengths.sort(descending=True)
            x = x[order]
        packed = pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=self.sort)
        return pad_packed_sequence(self.rnn(packed)[0], batch_first=True)[0].mean(1)


class Chunks(nn.Module):
    """Hands a fused layer a few steps at a time, and the state from one chunk to the next."""

    def __init__(self, recurrent=nn.LSTM, forgets=False):
        super().__init__()
        self.rnn, self.forgets = recurrent(D, H, 2, batch_first=True), forgets

    def forward(self, x):
        state = None
        for chunk in x.split(2, dim=1):
            outputs, after = self.rnn(chunk, state)
            state = None if self.forgets else after
        return outputs[:, -1]


class Loop(nn.Module):
    """A loop over a cell; `between` is what it makes of the state, `given` of the input."""

    def __init__(self, cell, between=None, given=None):
        super().__init__()
        self.cell = cell
        self.between = between or (lambda _, new: new)
        self.given = given or (lambda x, _: x)

    def forward(self, x):
        state = h = x.new_zeros(len(x), H)
        if isinstance(self.cell, nn.LSTMCell):
            state = (h, h)
        for now in range(x.shape[1]):
            old, state = state, self.cell(self.given(x[:, now], h), state)
            h = state[0] if isinstance(state, tuple) else state
            if not isinstance(state, tuple):
                state = self.between(old, state)
        return h


class ResetFirst(nn.GRUCell):
    """A GRU that resets the state before the product with the recurrent matrix."""

    def forward(self, x, h=None):
        h = x.new_zeros(len(x), H) if h is None else h
        inner, (W_r, W_z, W_n) = x @ self.weight_ih.T + self.bias_ih, self.weight_hh.view(3, H, H)
        b_r, b_z, b_n = self.bias_hh.view(3, H)
        x_r, x_z, x_n = inner.view(-1, 3, H).unbind(1)
        r, z = torch.sigmoid(x_r + h @ W_r.T + b_r), torch.sigmoid(x_z + h @ W_z.T + b_z)
        return (1 - z) * torch.tanh(x_n + (r * h) @ W_n.T + b_n) + z * h


class SameGRU(nn.GRUCell):
    """A GRU written anew, by PyTorch's own formula."""

    def forward(self, x, h=None):
        h = x.new_zeros(len(x), H) if h is None else h
        inner = (x @ self.weight_ih.T + self.bias_ih).view(-1, 3, H).unbind(1)
        own = (h @ self.weight_hh.T + self.bias_hh).view(-1, 3, H).unbind(1)
        r, z = torch.sigmoid(inner[0] + own[0]), torch.sigmoid(inner[1] + own[1])
        return (1 - z) * torch.tanh(inner[2] + r * own[2]) + z * h


class Residual(nn.LSTM):
    """A fused layer whose subclass adds the inputs to the state that it returns."""

    def forward(self, x, state=None):
        outputs, (h, c) = super().forward(x, state)
        return outputs, (h + 0.1, c)


class Started(nn.Module):
    """Starts from a state that is learned."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H)
        self.start = nn.Parameter(torch.linspace(-1, 1, H))

    def forward(self, x):
        return self.rnn(x.transpose(0, 1), self.start.expand(1, len(x), H).contiguous())[1][0]


class Words(nn.Module):
    """Reads numbers of words."""

    def __init__(self):
        super().__init__()
        self.table, self.rnn = nn.Embedding(9, D), nn.RNN(D, H, batch_first=True)

    def forward(self, words):
        return self.rnn(self.table(words))[0][:, -1]


class Standardised(nn.Module):
    """What it reads of a sequence depends on the others in the batch."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)

    def forward(self, x):
        return self.rnn((x - x.mean(0)) / x.std(0))[0][:, -1]


class TimeFirst(nn.Module):
    """Hands batches to a layer that takes the first axis for time."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H)

    def forward(self, x):
        return self.rnn(x)[0][:, -1]


class Unused(nn.Module):
    """Uses the weights of a cell, and never the cell."""

    def __init__(self):
        super().__init__()
        self.cell = nn.RNNCell(D, H)

    def forward(self, x):
        h = x.new_zeros(len(x), H)
        for now in range(x.shape[1]):
            h = torch.tanh(x[:, now] @ self.cell.weight_ih.T + h @ self.cell.weight_hh.T)
        return h


class Stateful(nn.Module):
    """Keeps its state from one forward pass to the next."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)
        self.register_buffer("state", None)

    def forward(self, x):
        outputs, self.state = self.rnn(x, self.state)
        return outputs[:, -1]


class Every(nn.Module):
    """Skips every second step."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)

    def forward(self, x):
        return self.rnn(x[:, ::2])[0][:, -1]


class Ragged(nn.Module):
    """Cuts its batch to the longest of its sequences."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)

    def forward(self, x, lengths):
        return self.rnn(x[:, : int(lengths.max())])[0][:, -1]


class OneByOne(nn.Module):
    """Runs each sequence by itself."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)

    def forward(self, x):
        return torch.stack([self.rnn(one)[0][-1] for one in x])


class Noisy(nn.Module):
    """Adds noise to its input, in evaluation mode too."""

    def __init__(self):
        super().__init__()
        self.rnn = nn.GRU(D, H, batch_first=True)

    def forward(self, x):
        return self.rnn(x + 0.1 * torch.randn_like(x))[0][:, -1]

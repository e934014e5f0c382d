"""Names that other programs than PyTorch give to recurrent and input weights.

A name, for example ``enc_w_hh``, ``0.wh``, ``recurrent_kernel`` or ``h2h.weight``, tells which
array carries the state on and which one reads the input.  It does not tell how gates are stacked.
"""

from __future__ import annotations

import re

_END = r"(_?l?\d+(_reverse)?)?([._/](weights?|kernel|w))?(:\d+)?"  # number of a layer, a variable
_NO_KEY = r"(?<!attn[._/])(?<!attention[._/])"  # in an attention W_h computes keys, not states
_RECURRENT = re.compile(
    rf"(.*[._/])?(w_?hh|{_NO_KEY}wh|w_?rec(urrent)?|w_?h_?gates|{_NO_KEY}w_?h[ifgcrzn]?"
    r"|recurrent(_?(kernel|weights?))?|(?<!b_)(?<!bias_)hh|h2h"
    r"|hidden(2|_to_)hidden|h[ifgorzn][._/]kernel)" + _END,
    re.IGNORECASE,
)
_INPUT = re.compile(
    r"(.*[._/])?(weight_ih\w*|w_?ih|w_?xh?|w_?hx|w_?in(put)?|w_?[ix][ifgcorzn]"
    r"|w_?(i|x|in|input)_?gates|in(put)?_?(kernel|weights?)|kernel"
    r"|ih|[ix]2h|in(put)?(2|_to_)h(idden)?|i[ifgorzn][._/]kernel)" + _END,
    re.IGNORECASE,
)


def is_recurrent(key: str) -> bool:
    """Whether `key`, in the words of another program, names a matrix from state to state.

    Examples
    --------
    >>> [is_recurrent(key) for key in ("enc_w_hh", "0.wh", "h2h.weight", "A", "enc_w_ih")]
    [True, True, True, False, False]
    """
    return _RECURRENT.fullmatch(key.replace("-", "_")) is not None


def is_input(key: str) -> bool:
    """Whether `key` names a matrix from the input to the state.

    Examples
    --------
    >>> [is_input(key) for key in ("enc_w_ih", "1.w_input", "gru/kernel:0", "B", "enc_w_hh")]
    [True, True, True, False, False]
    """
    return not is_recurrent(key) and _INPUT.fullmatch(key.replace("-", "_")) is not None

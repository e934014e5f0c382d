"""Text from bytes in any of the usual encodings."""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")  # all but tabs and ends of lines and pages


def decode(data: bytes, cut: bool = False) -> str | None:
    r"""`data` as its byte-order mark says, else as UTF-8, else as Latin-1; None if it is binary.

    Parameters
    ----------
    data : bytes
    cut : bool, default False
        Whether the bytes may end inside a letter.

    Examples
    --------
    >>> decode(b"\xef\xbb\xbf0.5"), decode("\xe9".encode("latin-1")), decode(b"\0\1")
    ('0.5', 'é', None)
    """
    named = next((name for mark, name in MARKS if data.startswith(mark)), "utf-8")
    try:
        text = codecs.getincrementaldecoder(named)().decode(data, not cut)
    except UnicodeDecodeError:
        text = data.decode("latin-1")
    if named == "utf-16" and not any(letter.isascii() for letter in text):
        return None  # two bytes that are a mark by chance
    return None if _CONTROL.search(text) else text


def without_remark(line: str) -> str:
    """`line` without what follows a #; empty if the line begins with %.

    Examples
    --------
    >>> without_remark(" 1 2 # three"), without_remark("% MATLAB"), without_remark("50%")
    ('1 2', '', '50%')
    """
    line = line.partition("#")[0].strip()
    return "" if line.startswith("%") else line

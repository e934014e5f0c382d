"""Text from bytes in any of the usual encodings."""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1f]")  # not tabs, ends of lines and of pages


def decode(data: bytes, cut: bool = False) -> str | None:
    r"""The text of `data`, or None if it is binary.

    Its encoding is the one of its byte-order mark, else UTF-8, else Latin-1.

    Parameters
    ----------
    data : bytes
    cut : bool, default False
        Whether the bytes may end in the middle of a letter.

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
        return None  # its first two bytes are a byte-order mark by chance
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

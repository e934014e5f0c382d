"""Text from bytes, whoever wrote them."""

import codecs

MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def decode(data: bytes) -> str | None:
    r"""`data` as its byte-order mark says, else as UTF-8, else as Latin-1; None if it is binary.

    Examples
    --------
    >>> decode(b"\xef\xbb\xbf0.5"), decode("µ".encode("latin-1")), decode(b"\0\1")
    ('0.5', 'µ', None)
    """
    for mark, name in MARKS:
        if data.startswith(mark):
            text = data.decode(name, errors="replace")
            return None if "\0" in text or "\ufffd" in text else text
    text = data.decode("utf-8", errors="replace")
    if "\ufffd" in text[:-1]:  # the last letter may be cut
        text = data.decode("latin-1")
    control = sum(letter < " " and letter not in "\t\r\n\f\v" for letter in text)
    return text if not control else None

"""IDX, the file format of the MNIST family: a big-endian header, then unsigned bytes."""

from __future__ import annotations

import gzip
import zlib
from math import prod
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GZIP = b"\x1f\x8b"
KINDS = {2049: "labels", 2051: "images"}


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Images (n, rows, columns) or labels (n,) from an IDX file, with gzip or without.

    Raises
    ------
    ValueError
        If the gzip stream is cut or damaged, the magic number is neither 2049
        (labels) nor 2051 (images), or the size is not what the header says.
    """
    content = _content(path)
    magic = int.from_bytes(content[:4], "big")
    if len(content) < 4 or magic not in KINDS:
        raise ValueError(
            f"{path}, byte 0: expected the magic number 2049 (labels) or 2051 (images),"
            f" got {magic} (not an IDX file?)"
        )
    # The last byte of the magic number is the number of dimensions.
    start = 4 + 4 * (magic & 0xFF)
    if len(content) < start:
        raise ValueError(
            f"{path}, byte 4: expected the sizes of {magic & 0xFF} dimensions, got"
            f" {len(content) - 4} bytes (a truncated file?)"
        )
    shape = tuple(int(size) for size in np.frombuffer(content[4:start], dtype=">u4"))
    if len(content) != start + prod(shape):
        raise ValueError(
            f"{path}, byte {start}: expected {prod(shape)} bytes of {KINDS[magic]} for"
            f" shape {shape}, got {len(content) - start} (a truncated file?)"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape)


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if not content.startswith(GZIP):
        return content
    try:
        return gzip.decompress(content)
    except EOFError as error:
        raise ValueError(
            f"{path}, byte {len(content)}: expected the end of the gzip stream, got the end of"
            " the file (a truncated download?)"
        ) from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise ValueError(f"{path}: expected a gzip stream, got damaged data ({error})") from error

import gzip

import numpy as np
import pytest

from rnnspec.data.idx import read_idx

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)


@pytest.mark.parametrize("array", [IMAGES, np.array([7, 0, 255], dtype=np.uint8)])
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_what_is_written_is_read(tmp_path, to_idx, array, pack):
    (tmp_path / "x").write_bytes(pack(to_idx(array)))
    read = read_idx(tmp_path / "x")
    assert read.dtype == np.uint8
    np.testing.assert_array_equal(read, array)


def test_damaged_files_are_named_with_the_byte(tmp_path, to_idx):
    good, packed = to_idx(IMAGES), gzip.compress(to_idx(IMAGES))
    cases = [
        (b"", r"byte 0: expected the magic number 2049 .* got 0"),
        (b"\x00\x00\x08\x02" + good[4:], "byte 0: expected the magic number .* got 2050"),
        (good[:-5], r"byte 16: expected 24 bytes of images for shape \(2, 3, 4\), got 19"),
        (good + b"x", "expected 24 bytes of images .* got 25"),
        (good[:10], "byte 4: expected the sizes of 3 dimensions, got 6 bytes .*truncated"),
        (packed[:-12], r"byte \d+: expected the end of the gzip stream, .* truncated download"),
        (packed[:12] + b"\xff" * 20 + packed[32:], "expected a gzip stream, got damaged data"),
    ]
    for content, message in cases:
        (tmp_path / "x.gz").write_bytes(content)
        with pytest.raises(ValueError, match=rf"x\.gz.*{message}"):
            read_idx(tmp_path / "x.gz")

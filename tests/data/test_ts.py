import re

import numpy as np
import pytest

from rnnspec.data.ts import read_ts

HEAD = "@problemName Toy\n@univariate false\n@classLabel true b a\n"


def read(tmp_path, text, **options):
    (tmp_path / "toy.ts").write_text(text, encoding="utf-8")
    return read_ts(tmp_path / "toy.ts", **options)


def test_channels_by_time_in_the_file_are_time_by_channels_in_memory(tmp_path):
    data = read(tmp_path, HEAD + "@data\n1,2,3:4,5,6:a\n7,8:9,10:b\n")
    np.testing.assert_array_equal(data.series[0], [[1, 4], [2, 5], [3, 6]])
    np.testing.assert_array_equal(data.series[1], [[7, 9], [8, 10]])


def test_classes_are_numbered_in_the_order_of_the_header(tmp_path):
    data = read(tmp_path, HEAD + "@data\n1:a\n2:b\n3:a\n")
    assert data.class_names == ("b", "a")
    assert data.labels.tolist() == [1, 0, 1]


def test_numeric_labels_need_not_start_at_zero(tmp_path):
    data = read(tmp_path, "@classLabel true 1 2 3\n@data\n0:3\n0:1\n0:2\n")
    assert data.labels.tolist() == [2, 0, 1]


def test_keys_in_any_case_blank_lines_byte_order_mark_and_unknown_keys(tmp_path):
    text = (
        "\ufeff# note\n\n@PROBLEMNAME x\n@Dimension 1\n@CLASSLABEL TRUE x y\n\n@colour red\n@Data\n"
    )
    assert len(read(tmp_path, text + "1:x\n\n2:y\n").series) == 2


def test_the_test_half_takes_the_classes_of_the_training_half(tmp_path):
    text = "@classLabel true a b\n@data\n1:a\n"
    assert read(tmp_path, text, class_names=("b", "a")).labels.tolist() == [1]
    with pytest.raises(ValueError, match=r"line 3: expected a label among the TRAIN half's c"):
        read(tmp_path, text, class_names=("c",))
    with pytest.raises(ValueError, match="expected cases after @data, got none"):
        read(tmp_path, "@classLabel true a b\n@data\n", class_names=("a", "b"))


MALFORMED = {
    "no data line": (HEAD + "\n", "toy.ts: expected a line '@data', got none"),
    "cases before @data": (HEAD + "1:a\n", "line 4: expected '@key value' or '@data', got '1:a'"),
    "no classes": ("@problemName x\n@data\n", "line 2: expected '@classLabel true' and the names"),
    "classes false": ("@classLabel false a b\n@data\n", "line 1: expected '@classLabel true' and"),
    "bad flag": ("@univariate yes\n", "line 1: expected '@univariate true' or false, got 'yes'"),
    "bad count": ("@dimensions two\n", "line 1: expected '@dimensions' and a count, got 'two'"),
    "zero length": ("@seriesLength 0\n", "line 1: expected '@seriesLength' and a count, got '0'"),
    "class twice": ("@classLabel true a a\n", "line 1: expected each class once, got 'a' twice"),
    "one class": (
        "@classLabel true a\n@data\n1:a\n",
        "line 1: expected at least two classes, got 'a' alone",
    ),
    "regression": ("@targetLabel true\n@data\n", "line 2: expected classes, got @targetLabel"),
    "time stamps": (
        "@timeStamps true\n@classLabel true a b\n@data\n(0,1):a\n",
        "line 3: expected '@timeStamps false', got true",
    ),
    "univariate with channels": (
        "@univariate true\n@dimensions 3\n@classLabel true a b\n@data\n",
        "line 4: expected one channel ('@univariate true'), got '@dimensions 3'",
    ),
    "unknown label": (HEAD + "@data\n1:a\n1:c\n", "line 6: expected a label among the header's b"),
    "label in other case": (HEAD + "@data\n1:A\n", "got 'A' (a cut line, or other upper"),
    "empty class": (HEAD + "@data\n1:a\n2:a\n", "line 3: expected a series of every class, got"),
    "one series": (HEAD + "@data\n1:a\n", "expected at least two series to train on, got 1"),
    "no series": (HEAD + "@data\n", "expected at least two series to train on, got 0"),
    "missing, question mark": (
        HEAD + "@data\n1:a\n1,2,?:b\n",
        "line 6, channel 1: expected a number at step 3, got '?': a missing value",
    ),
    "missing, NaN": (
        HEAD + "@data\n1:a\n1,NaN,3:b\n",
        "line 6, channel 1: expected a number at step 2, got 'NaN': a missing value",
    ),
    "infinite": (HEAD + "@data\ninf:a\n", "line 5, channel 1: expected a number at step 1, got"),
    "beyond float64": (HEAD + "@data\n1,1e309:a\n", "expected a number at step 2, got '1e309'"),
    "not a number": (HEAD + "@data\n1;2:a\n", "got '1;2' (another separator, a damaged line, or"),
    "empty channel": (HEAD + "@data\n1::a\n", "line 5, channel 2: expected a number at step 1"),
    "channels change": (
        HEAD + "@data\n1:2:a\n1:b\n",
        "line 6: expected 2 channels and a label between colons, got 1",
    ),
    "channels of the header": ("@dimensions 2\n" + HEAD + "@data\n1:a\n", "line 6: expected 2"),
    "label only": (HEAD + "@data\na\n", "line 5: expected at least one channel before the label"),
    "uneven channels": (
        HEAD + "@data\n1,2:3:a\n",
        "line 5: expected channels of one length, got lengths from 1 to 2",
    ),
    "declared length": (
        "@equalLength true\n@seriesLength 3\n" + HEAD + "@data\n1,2:a\n",
        "line 7: expected 3 steps (equal lengths, says the header), got 2",
    ),
    "equal lengths": (
        "@equalLength true\n" + HEAD + "@data\n1,2:a\n1:b\n",
        "line 7: expected 2 steps (equal lengths, says the header), got 1",
    ),
}


@pytest.mark.parametrize("case", MALFORMED)
def test_malformed_files_are_refused_with_file_and_line(tmp_path, case):
    text, message = MALFORMED[case]
    with pytest.raises(ValueError, match=re.escape(message)) as caught:
        read(tmp_path, text)
    assert str(caught.value).startswith(str(tmp_path / "toy.ts"))


def test_unequal_lengths_may_carry_a_series_length(tmp_path):
    text = "@equalLength false\n@seriesLength 3\n" + HEAD + "@data\n1,2:a\n1:b\n"
    assert [len(one) for one in read(tmp_path, text).series] == [2, 1]


def test_a_compressed_file_is_not_text(tmp_path):
    (tmp_path / "toy.ts").write_bytes(b"\x1f\x8b\xff\xfe")
    with pytest.raises(ValueError, match=r"toy\.ts: expected UTF-8 text"):
        read_ts(tmp_path / "toy.ts")


def test_comments_of_both_kinds_anywhere_and_latin_1_in_them(tmp_path):
    text = f"% M\u00fcller\n# note\n{HEAD}%@data\n@data\n# one\n1,2:a\n  % two\n3:b\n%\n"
    for encoding in ("utf-8", "latin-1"):
        (tmp_path / "toy.ts").write_bytes(text.encode(encoding))
        data = read_ts(tmp_path / "toy.ts")
        assert [one[:, 0].tolist() for one in data.series] == [[1, 2], [3]]


def test_a_class_has_one_name_in_utf_8_and_in_latin_1(tmp_path):
    text = "@classLabel true gr\u00fcn b\n@data\n1:gr\u00fcn\n2:b\n"
    (tmp_path / "toy.ts").write_bytes(b"% M\xfcller\n" + text.encode())
    (tmp_path / "old.ts").write_bytes(text.encode("latin-1"))
    names = read_ts(tmp_path / "toy.ts").class_names
    assert names == ("gr\u00fcn", "b")
    assert read_ts(tmp_path / "old.ts", names).labels.tolist() == [0, 1]


PADDED = {
    "one channel": (HEAD + "@data\n1,2,NaN,nan:a\n3,NaN,NaN,NaN:b\n", [2, 1]),
    "in all channels": (HEAD + "@data\n1,2,NaN:4,5,NaN:a\n3,4,5:6,7,8:b\n", [2, 3]),
    "equal lengths, by the padding": (
        "@missing true\n@EqualLength TRUE\n@seriesLength 3\n" + HEAD + "@data\n1,NaN,NaN:a\n"
        "3,4,5:b\n",
        [1, 3],
    ),
    "equal lengths, not said": (
        "@equalLength true\n" + HEAD + "@data\n1,2,NaN:a\n1,2,3:b\n",
        [2, 3],
    ),
}


@pytest.mark.parametrize("case", PADDED)
def test_nan_at_the_end_of_all_channels_is_padding(tmp_path, case):
    text, lengths = PADDED[case]
    data = read(tmp_path, text)
    assert [len(one) for one in data.series] == lengths
    assert all(np.isfinite(one).all() for one in data.series)


MISSING = {
    "in between": (
        "1,2:a\n1,NaN,3:b\n",
        "series 2, line 6, channel 1: expected a number at step 2",
    ),
    "at the end of one channel": (
        "1,2:3,NaN:a\n",
        "series 1, line 5, channel 2: expected a number",
    ),
    "everywhere": ("NaN,NaN:a\n", "series 1, line 5, channel 1: expected a series of at least one"),
    "a question mark": ("1,?:a\n", "step 2, got '?': a missing value"),
}


@pytest.mark.parametrize("case", MISSING)
def test_other_missing_values_are_refused_with_series_and_line(tmp_path, case):
    lines, message = MISSING[case]
    with pytest.raises(ValueError, match=re.escape(message)):
        read(tmp_path, HEAD + "@data\n" + lines)


@pytest.mark.parametrize("end", ["\r\n", "\r"])
def test_keys_in_any_case_with_blanks_and_other_line_ends(tmp_path, end):
    lines = ["\t@PROBLEMNAME x", "@MISSING false", "@Univariate TRUE", "@equallength False",
             "@serieslength 9", "@targetlabel false", "@classlabel True x y", "@DATA",
             "1,2: x ", "3:y", "\x1a"]  # fmt: skip
    (tmp_path / "toy.ts").write_bytes(end.join(lines).encode("utf-8-sig"))
    data = read_ts(tmp_path / "toy.ts")
    assert (data.class_names, data.labels.tolist()) == (("x", "y"), [0, 1])


def test_classes_are_named_as_they_are_written(tmp_path):
    data = read(tmp_path, "@classLabel true 1 01 1.0\n@data\n0:1.0\n0:01\n0:1\n")
    assert data.labels.tolist() == [2, 1, 0]
    with pytest.raises(ValueError, match="expected a label among the header's a, b, got ''"):
        read(tmp_path, "@classLabel true a b\n@data\n1:\n")


@pytest.mark.parametrize("start", [b"PK\x03\x04", "1".encode("utf-16")])
def test_what_is_no_text_is_refused(tmp_path, start):
    (tmp_path / "toy.ts").write_bytes(start)
    with pytest.raises(
        ValueError, match=r"toy\.ts: expected UTF-8 text \(or Latin-1\), got the byte"
    ):
        read_ts(tmp_path / "toy.ts")

import numpy as np
import pytest

from rnnspec.data.tsv import label_name, read_tsv

NAMES = {
    "1": "1",
    " 1 ": "1",
    "1.0000000e+00": "1",
    "2.5000000e+01": "25",
    "-1.0": "-1",
    "-0.0": "0",
    "1000.": "1000",
    "1.0E3": "1000",
    "123456789012345678.0": "123456789012345678",
}
AS_WRITTEN = ("01", "1e3", "1.10", "0.5", "1.5e0", "+1", "1_0", "٣", "12345678901234567", "Walk")
AS_WRITTEN += ("inf", "00.0", "1.0e999", "1.0.0")


def read(tmp_path, text, **options):
    (tmp_path / "toy.tsv").write_text(text)
    return read_tsv(tmp_path / "toy.tsv", **options)


def test_a_line_is_a_label_and_one_channel(tmp_path):
    data = read(tmp_path, "1\t0.5\t-2\n2\t1\t3\n")
    np.testing.assert_array_equal(data.series[0], [[0.5], [-2]])
    assert data.labels.tolist() == [0, 1]


def test_labels_are_sorted_as_numbers_and_spelt_one_way(tmp_path):
    data = read(tmp_path, "10\t0\n2.0000e+00\t0\n-1\t0\n2\t0\n")
    assert data.class_names == ("-1", "2", "10")
    assert data.labels.tolist() == [2, 1, 0, 1]


def test_long_labels_stay_apart(tmp_path):
    assert read(tmp_path, "1234567\t0\n1234568\t0\n").class_names == ("1234567", "1234568")


def test_labels_that_are_words_are_sorted_as_words(tmp_path):
    assert read(tmp_path, "walk\t0\n1\t0\n").class_names == ("1", "walk")


def test_trailing_nan_is_padding(tmp_path):
    data = read(tmp_path, "1\t1\t2\tNaN\tNaN\n2\t1\tNaN\tNaN\tNaN\n1\t1\t2\t3\t4\n")
    assert [len(one) for one in data.series] == [2, 1, 4]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1,2,3\n", r"line 1: expected a label, a tab and values, got no tab in '1,2,3'"),
        ("1\t2\n2\t1\tNaN\t3\n", "line 2: expected a number at step 2, got 'NaN': a missing value"),
        ("1\tNaN\tNaN\n", "line 1: expected a series of at least one step, got none"),
        ("\t1\n", "line 1: expected a label before the first tab"),
        ("1\t1\n1\t2\n", "expected at least two classes, got '1' alone"),
        ("1\t1\n", "expected at least two series to train on, got 1"),
        ("", "expected at least two series to train on, got 0"),
        ("1\t1\t?\n", r"line 1: expected a number at step 2, got '\?': a missing value"),
        ("1\t1_0\n", "line 1: expected a number at step 1, got '1_0'"),
        ("1\tx\n", "line 1: expected a number at step 1, got 'x'"),
    ],
)
def test_malformed_files_are_refused_with_file_and_line(tmp_path, text, message):
    with pytest.raises(ValueError, match=rf"toy\.tsv.*{message}"):
        read(tmp_path, text)


def test_the_test_half_takes_the_classes_of_the_training_half(tmp_path):
    assert read(tmp_path, "2\t0\n", class_names=("1", "2")).labels.tolist() == [1]
    with pytest.raises(ValueError, match=r"line 1: expected a label of the TRAIN half, 1, 2, got"):
        read(tmp_path, "3\t0\n", class_names=("1", "2"))
    with pytest.raises(ValueError, match="expected at least one series, got none"):
        read(tmp_path, "", class_names=("1", "2"))


APART = {
    "a number and an exponent": ("1e3", "1000"),
    "leading zeros": ("01", "1"),
    "17 digits": ("12345678901234567", "12345678901234568"),
    "underscores": ("1_0", "10"),
    "versions": ("1.1", "1.10"),
    "upper and lower case": ("walk", "Walk"),
}


@pytest.mark.parametrize("case", APART)
def test_classes_that_a_float_would_merge_stay_apart(tmp_path, case):
    one, other = APART[case]
    data = read(tmp_path, f"{one}\t0\n{other}\t1\n{one}\t2\n")
    assert sorted(data.class_names) == sorted((one, other))
    assert data.labels[0] == data.labels[2] != data.labels[1]
    again = read(tmp_path, f"{other}\t0\n{one}\t1\n", class_names=data.class_names)
    assert again.labels.tolist() == [data.labels[1], data.labels[0]]
    with pytest.raises(ValueError, match=r"series 1, line 1: expected a label of the TRAIN half"):
        read(tmp_path, f"{other}\t0\n", class_names=(one, "2"))


@pytest.mark.parametrize(("train", "test"), [("1", "1.0"), ("1.0000000e+00", "1")])
def test_halves_may_write_a_whole_number_in_two_ways(tmp_path, train, test):
    first = read(tmp_path, f"{train}\t0\n2\t1\n")
    assert first.class_names == ("1", "2")
    assert read(
        tmp_path, f"2.0\t0\n{test}\t0\n", class_names=first.class_names
    ).labels.tolist() == [
        1,
        0,
    ]


def test_numbers_are_sorted_with_all_digits_and_in_one_order(tmp_path):
    names = read(tmp_path, "90071992547409931\t0\n90071992547409930\t0\n1\t0\n01\t0\n").class_names
    assert names == ("01", "1", "90071992547409930", "90071992547409931")


def test_byte_order_mark_line_ends_blanks_and_latin_1(tmp_path):
    text = "\ufeff gr\u00fcn \t1\t2\r\nblau\t3\tNaN\r\n\r\n"
    (tmp_path / "a.tsv").write_bytes(text.encode())
    (tmp_path / "b.tsv").write_bytes(text.removeprefix("\ufeff").encode("latin-1"))
    for name in ("a.tsv", "b.tsv"):
        data = read_tsv(tmp_path / name)
        assert data.class_names == ("blau", "gr\u00fcn")
        assert [len(one) for one in data.series] == [2, 1]


def test_series_whose_digits_float64_does_not_hold_are_refused(tmp_path):
    text = "1\t1\t2\n2\t1700000000.000000001\t1700000000.000000002\n"
    message = r"toy\.tsv, series 2, line 2: expected values that float64 tells apart, got 17000000"
    with pytest.raises(ValueError, match=message):
        read(tmp_path, text)
    # One number in two spellings is no loss, and a constant is one.
    data = read(tmp_path, "1\t0.10\t0.1\n2\t1e-1\t0.1\n")
    assert [one[:, 0].tolist() for one in data.series] == [[0.1, 0.1]] * 2


def test_whole_floats_are_spelt_as_integers():
    assert {text: label_name(text) for text in NAMES} == NAMES


@pytest.mark.parametrize("text", AS_WRITTEN)
def test_everything_else_stays_as_it_is_written(text):
    assert label_name(text) == text
